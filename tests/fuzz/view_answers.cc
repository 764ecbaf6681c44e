// The JSON of answers, from bytes that any log or auditor's log might give. What is shown is JSON.

#include <nlohmann/json.hpp>

#include "json_view.h"
#include "test_log.h"

namespace {

using namespace kt;
using namespace kt::gateway;
using keytrans::CipherSuite;
using keytrans::DeploymentMode;

// One log of each mode.
const keytrans::LogConfiguration& log_of(std::uint8_t choice) {
  static const std::vector<keytrans::LogConfiguration> kLogs = [] {
    std::vector<keytrans::LogConfiguration> logs;
    for (const DeploymentMode mode :
         {DeploymentMode::contactMonitoring, DeploymentMode::thirdPartyManagement,
          DeploymentMode::thirdPartyAuditing}) {
      const keytrans::TestLog log(
          keytrans::test_configuration(CipherSuite::KT_128_SHA256_P256, mode));
      logs.push_back(log.configuration());
    }
    return logs;
  }();
  return kLogs[choice % kLogs.size()];
}

// Which answer it is, by two bytes of the input.
AnswerKind kind_of(std::uint8_t choice) {
  constexpr std::size_t kKinds = std::variant_size_v<routing::LogRequest>;
  return {choice % kKinds, choice >= 128};
}

Result<Bytes> view(std::uint8_t what, std::uint8_t how, ByteView bytes) {
  switch (what % 5) {
    case 0: return view_configuration(bytes);
    case 1: return view_auditor_start(bytes);
    case 2: return view_auditor_updates(bytes);
    case 3: return view_answer(log_of(what / 5), kind_of(how), bytes);
    default: break;
  }
  KT_TRY(const auto response, federation::decode<federation::RoutedResponse>(bytes));
  return view_routed(response, std::vector<RoutedAnswer>(response.answers.size(),
                                                         {&log_of(what / 5), kind_of(how)}));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto shown = view(data[0], data[1], ByteView(data + 2, size - 2));
  if (!shown) {
    KT_ASSERT(shown.error().code == Errc::malformed);
    return 0;
  }
  const auto json = nlohmann::json::parse(*shown, nullptr, false);
  KT_ASSERT(json.is_structured());
  return 0;
}
