#include "log_fixture.h"

#include <thread>

namespace kt::log {
namespace {

template <class Condition>
void wait_until(Condition condition, const char* what) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error(what);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace

std::vector<Kind> all_kinds() {
  std::vector<Kind> kinds;
  for (const CipherSuite suite :
       {CipherSuite::KT_128_SHA256_P256, CipherSuite::KT_128_SHA256_Ed25519}) {
    for (const DeploymentMode mode :
         {DeploymentMode::contactMonitoring, DeploymentMode::thirdPartyManagement,
          DeploymentMode::thirdPartyAuditing})
      kinds.push_back({suite, mode, {}});
  }
  return kinds;
}

std::string kind_name(const ::testing::TestParamInfo<Kind>& kind) {
  const std::string suite =
      kind.param.suite == CipherSuite::KT_128_SHA256_P256 ? "P256" : "Ed25519";
  switch (kind.param.mode) {
    case DeploymentMode::contactMonitoring: return "ContactMonitoring" + suite;
    case DeploymentMode::thirdPartyManagement: return "Management" + suite;
    case DeploymentMode::thirdPartyAuditing: return "Auditing" + suite;
  }
  return "Unknown" + suite;
}

LogFixture::LogFixture(Kind kind, const std::filesystem::path& parent)
    : LogFixture(
          kind, [](Configuration&) {}, parent) {}

LogFixture::LogFixture(Kind kind, const std::function<void(Configuration&)>& adjust,
                       const std::filesystem::path& parent)
    : directory_(parent) {
  configuration_.ciphersuite = kind.suite;
  configuration_.mode = kind.mode;
  configuration_.max_ahead = 60'000;
  configuration_.max_behind = 1'000'000;
  configuration_.reasonable_monitoring_window = 10'000;
  configuration_.max_auditor_lag = 3'000'000;
  configuration_.maximum_lifetime = kind.lifetime;
  if (kind.mode != DeploymentMode::contactMonitoring) {
    third_party_ = must(keytrans::SigningKey::generate(kind.suite));
    if (kind.mode == DeploymentMode::thirdPartyManagement) {
      configuration_.leaf_public_key = third_party_->public_key();
    } else {
      configuration_.auditor_public_key = third_party_->public_key();
    }
  }
  adjust(configuration_);
  must(create_log(path(), configuration_));
  options.commit_window = std::chrono::milliseconds(1);
  options.read_cache = kSmallCache;
}

// The auditor, if it starts with the log, has signed the first entry then.
void LogFixture::open() {
  log_.reset();
  log_ = must(try_open());
  wait_for_size(1);
  if (configuration_.mode == DeploymentMode::thirdPartyAuditing && !auditor_ &&
      configuration_.auditor_start_pos == EntryIndex{0} &&
      configuration_.auditor_public_key == third_party_->public_key()) {
    auditor_ = must(keytrans::Auditor::from_genesis(log_->configuration()));
    audit();
  }
}

void LogFixture::wait_for_size(std::uint64_t size) {
  wait_until([&] { return log_->state().size.value() >= size; }, "the log does not grow");
}

void LogFixture::wait_for_trouble(Trouble trouble) {
  wait_until([&] { return log_->state().trouble == trouble; }, "the log says nothing of it");
}

std::future<Result<keytrans::UpdateResponse>> LogFixture::submit(
    const Label& label, std::optional<Version> greatest, const std::vector<Bytes>& values,
    std::optional<Version> signed_version) {
  auto promise = std::make_shared<std::promise<Result<keytrans::UpdateResponse>>>();
  auto future = promise->get_future();
  const Log::Answer answer = [promise](Result<keytrans::UpdateResponse> response) {
    promise->set_value(std::move(response));
  };
  keytrans::UpdateRequest request{std::nullopt, label, greatest, {}};
  for (const Bytes& value : values) request.values.push_back({value});
  Result<void> submitted;
  if (configuration_.mode == DeploymentMode::thirdPartyManagement) {
    const Version next{greatest ? greatest->value() + 1 : 0};
    submitted = log_->submit(must(keytrans::sign_update_request(
                                 *third_party_, log_->configuration().wire(), request,
                                 values.empty() ? Version{0} : signed_version.value_or(next))),
                             answer);
  } else {
    submitted = log_->submit(std::move(request), answer);
  }
  if (!submitted) promise->set_value(tl::unexpected<Error>(submitted.error()));
  return future;
}

Result<keytrans::UpdateResponse> LogFixture::update(const Label& label,
                                                    std::optional<Version> greatest,
                                                    const std::vector<Bytes>& values,
                                                    std::optional<Version> signed_version) {
  return submit(label, greatest, values, signed_version).get();
}

void LogFixture::open_window() {
  if (update(make_label("nobody"), std::nullopt, {}))
    throw std::runtime_error("a request for nothing was not refused");
}

void LogFixture::audit() {
  if (!auditor_) return;
  const std::uint64_t size = log_->state().size.value();
  while (auditor_->size().value() < size)
    must(auditor_->process(must(log_->auditor_update(EntryIndex{auditor_->size().value()})),
                           leaves_));
  must(log_->accept_auditor_head(must(auditor_->sign(*third_party_))));
}

ClientState LogFixture::newcomer() const { return ClientState(log_->configuration()); }

keytrans::SearchOutcome LogFixture::search(ClientState& user, const Label& label,
                                           std::optional<Version> version) {
  const auto request = user.search_request(label, version);
  const auto response = must(keytrans::prove_search(*must(log_->view()), request));
  return must(user.apply(must(user.verify(request, response, clock.now()))));
}

void LogFixture::monitor(ClientState& user) {
  for (const keytrans::Obligation& obligation : user.obligations()) {
    if (obligation.kind != keytrans::Obligation::Kind::contact_monitoring) continue;
    const auto request = must(user.contact_monitor_request(obligation.label));
    const auto response = must(keytrans::prove_contact_monitor(*must(log_->view()), request));
    must(user.apply(must(user.verify(request, response, clock.now()))));
  }
}

}  // namespace kt::log
