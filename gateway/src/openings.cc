#include "openings.h"

#include <algorithm>

#include "keytrans/secret.h"

namespace kt::gateway {
namespace {

namespace asio = boost::asio;
using federation::VersionOpening;
using keytrans::Opening;

// Null when there is none.
const VersionOpening* find_opening(const std::vector<VersionOpening>& shown, Version version) {
  const auto found =
      std::find_if(shown.begin(), shown.end(),
                   [version](const VersionOpening& each) { return each.version == version; });
  return found == shown.end() ? nullptr : &*found;
}

bool is_equal(const Opening& a, const Opening& b) {
  return keytrans::SecretBytes::copy_of(a).equal(b);
}

Result<Opening> opening_here(const log::Log& log, const Label& label, Version version) {
  KT_TRY(const auto view, log.view());
  KT_TRY(const keytrans::CommittedValue value, view->value(label, version));
  return value.opening;
}

Result<Opening> opening_of(const Bytes& answer, const keytrans::LogConfiguration& configuration) {
  auto response = keytrans::decode<keytrans::SearchResponse>(
      answer, keytrans::WireContext::of(configuration.wire(), true));
  if (!response) return fail(Errc::corrupt, "the log answered something else");
  return response->opening;
}

asio::awaitable<Result<Opening>> opening_elsewhere(const HostedLog& hosted, Label label,
                                                   Version version) {
  routing::LogRequest request = keytrans::SearchRequest{std::nullopt, std::move(label), version};
  const auto answer = co_await hosted.service->ask(std::move(request));
  if (!answer) co_return tl::unexpected<Error>(answer.error());
  co_return opening_of(*answer, hosted.configuration());
}

}  // namespace

std::optional<OpeningsToShow> openings_to_show(const routing::LogRequest& request) {
  return std::visit(
      []<class Message>(const Message& message) -> std::optional<OpeningsToShow> {
        if constexpr (std::is_same_v<Message, keytrans::ContactMonitorRequest> ||
                      std::is_same_v<Message, keytrans::OwnerMonitorRequest>) {
          OpeningsToShow wanted{message.label, federation::versions_to_show(message)};
          if (!wanted.versions.empty()) return wanted;
        }
        return std::nullopt;
      },
      request);
}

asio::awaitable<Result<bool>> shows_openings(const HostedLog& hosted, OpeningsToShow wanted,
                                             std::vector<VersionOpening> shown) {
  for (const Version version : wanted.versions) {
    const VersionOpening* const claimed = find_opening(shown, version);
    if (claimed == nullptr) co_return false;
    Result<Opening> opening = fail(Errc::not_found, "");
    if (hosted.is_remote()) {
      auto elsewhere = co_await opening_elsewhere(hosted, wanted.label, version);
      opening = std::move(elsewhere);
    } else {
      opening = opening_here(*hosted.log, wanted.label, version);
    }
    if (!opening && opening.error().code != Errc::not_found)
      co_return tl::unexpected<Error>(opening.error());
    if (!opening || !is_equal(*opening, claimed->opening)) co_return false;
  }
  co_return true;
}

}  // namespace kt::gateway
