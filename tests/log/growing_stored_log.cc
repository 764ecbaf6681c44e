#include "growing_stored_log.h"

#include <functional>
#include <future>
#include <optional>
#include <stdexcept>
#include <utility>
#include <variant>
#include <vector>

#include "log/erase.h"
#include "log/fsck.h"
#include "log_fixture.h"

namespace kt::log {
namespace {

using keytrans::GrowingLog;
using keytrans::ManagerUpdateRequest;
using keytrans::UpdateRequest;
using keytrans::UpdateResponse;

// A batch is complete with so many requests, and not before, so that what goes into an entry does
// not depend on how threads run. What the world does not need asks for nothing.
constexpr std::size_t kBatch = 8;

class GrowingStoredLog final : public GrowingLog {
 public:
  GrowingStoredLog(Configuration configuration, Timestamp start);

  [[nodiscard]] const keytrans::LogConfiguration& configuration() const override {
    return *configuration_;
  }
  [[nodiscard]] TreeSize size() const override { return log_->state().size; }
  [[nodiscard]] const keytrans::LogSource& source() override {
    if (!view_) view_ = must(log_->view());
    return *view_;
  }

  void append(Timestamp timestamp, const std::vector<Growth>& growth) override;
  // As heartbeats are: when users would soon find the rightmost entry too old.
  [[nodiscard]] bool may_be_empty(Timestamp timestamp) override {
    return timestamp.value() - rightmost_timestamp().value() > wire().max_behind / 2;
  }
  [[nodiscard]] bool takes_versions() override {
    return wire().mode != DeploymentMode::thirdPartyAuditing || log_->state().audited.has_value();
  }
  [[nodiscard]] std::optional<Timestamp> grows_until() override;

  Result<UpdateResponse> update(const UpdateRequest& request, Timestamp timestamp) override {
    return sequence(timestamp, {request}).front();
  }
  Result<UpdateResponse> update(const ManagerUpdateRequest& request, Timestamp timestamp) override {
    return sequence(timestamp, {request}).front();
  }
  Result<keytrans::AuditorUpdate> auditor_update(EntryIndex entry) override {
    return log_->auditor_update(entry);
  }
  void accept_auditor_head(const keytrans::AuditorTreeHead& head) override {
    view_.reset();
    must(log_->accept_auditor_head(head));
  }
  void erase(const Label& label) override;
  [[nodiscard]] const keytrans::SigningKey& third_party_key() const override {
    return *third_party_;
  }
  [[nodiscard]] bool is_stored() const override { return true; }
  void restart() override;

 private:
  using Request = std::variant<UpdateRequest, ManagerUpdateRequest>;
  using Answer = Result<UpdateResponse>;

  [[nodiscard]] const Configuration& wire() const { return configuration_->wire(); }
  [[nodiscard]] bool is_managed() const {
    return wire().mode == DeploymentMode::thirdPartyManagement;
  }
  [[nodiscard]] Timestamp rightmost_timestamp() const {
    return log_->state().rightmost_timestamp.value();
  }
  [[nodiscard]] std::uint32_t version_count(const Label& label) {
    const auto greatest = must(source().greatest_version(label, rightmost(size())));
    return greatest ? greatest->value() + 1 : 0;
  }
  [[nodiscard]] Request request_for(const Growth& growth);

  void open();
  // One batch: lets time pass until `timestamp`, and answers `requests`.
  std::vector<Answer> sequence(Timestamp timestamp, const std::vector<Request>& requests);
  std::future<Answer> submit(const Request& request, std::function<void()> when_answered = {});
  std::future<Answer> submit_nothing(std::function<void()> when_answered = {});

  ScratchDirectory directory_;
  FakeClock clock_;
  LogOptions options_;
  std::optional<keytrans::SigningKey> third_party_;
  std::optional<keytrans::LogConfiguration> configuration_;
  std::unique_ptr<Log> log_;
  std::unique_ptr<keytrans::LogSource> view_;
  bool is_erased_running_ = false;
};

GrowingStoredLog::GrowingStoredLog(Configuration configuration, Timestamp start) {
  clock_.set(start.value());
  options_.commit_window = std::chrono::hours(1);
  options_.commit_limit = kBatch;
  options_.read_cache = kSmallCache;
  options_.store.max_snapshot_age = std::chrono::minutes(10);
  if (configuration.mode != DeploymentMode::contactMonitoring) {
    third_party_ = must(keytrans::SigningKey::generate(configuration.ciphersuite));
    auto& public_key = configuration.mode == DeploymentMode::thirdPartyManagement
                           ? configuration.leaf_public_key
                           : configuration.auditor_public_key;
    public_key = third_party_->public_key();
  }
  must(create_log(directory_.path() / "log", std::move(configuration)));
  open();
  // The first batch makes the first entry.
  sequence(start, {});
  if (size() != TreeSize{1}) throw std::runtime_error("the log did not make its first entry");
}

void GrowingStoredLog::open() {
  log_ = must(Log::open(directory_.path() / "log", options_, clock_));
  configuration_ = log_->configuration();
  // The first request is sequenced alone, the next ones in batches.
  if (submit_nothing().get()) throw std::runtime_error("a request for nothing was not refused");
}

// While it runs, or while it does not: in turn, so that both are met.
void GrowingStoredLog::erase(const Label& label) {
  view_.reset();
  is_erased_running_ = !is_erased_running_;
  if (is_erased_running_) {
    if (must(log_->erase({label})) == 0) throw std::runtime_error("there was nothing to erase");
    return;
  }
  log_.reset();
  if (must(erase_labels(directory_.path() / "log", {label})) == 0)
    throw std::runtime_error("there was nothing to erase");
  open();
}

void GrowingStoredLog::restart() {
  const LogId id = configuration_->id();
  view_.reset();
  log_.reset();
  must(prune_log(directory_.path() / "log"));
  const FsckReport report = must(fsck(directory_.path() / "log", {.vrfs = false}));
  if (!report.is_clean()) throw std::runtime_error("a fault in the log: " + report.faults.front());
  open();
  if (configuration_->id() != id) throw std::runtime_error("another log was opened");
}

// --- Growth ----------------------------------------------------------------------------------

GrowingStoredLog::Request GrowingStoredLog::request_for(const Growth& growth) {
  const std::uint32_t count = version_count(growth.label);
  UpdateRequest request{std::nullopt, growth.label, std::nullopt, {}};
  if (count > 0) request.greatest_version = Version{count - 1};
  for (const Bytes& value : growth.values) request.values.push_back({value});
  if (!is_managed()) return request;
  return must(keytrans::sign_update_request(*third_party_, wire(), request,
                                            Version{count + growth.skipped}));
}

void GrowingStoredLog::append(Timestamp timestamp, const std::vector<Growth>& growth) {
  const std::uint64_t before = size().value();
  std::vector<Request> requests;
  for (const Growth& grown : growth) requests.push_back(request_for(grown));
  for (const Answer& answer : sequence(timestamp, requests)) {
    if (must(answer).position != EntryIndex{before})
      throw std::runtime_error("an update is in another entry than it was made for");
  }
  if (size().value() != before + 1 || rightmost_timestamp() != timestamp)
    throw std::runtime_error("the log did not make one entry at the time it was told");
}

std::optional<Timestamp> GrowingStoredLog::grows_until() {
  if (wire().mode != DeploymentMode::thirdPartyAuditing) return std::nullopt;
  // It grows at any time when the auditor has nothing to sign.
  const auto head = source().auditor_tree_head();
  const std::uint64_t audited = head ? head->tree_size.value() : wire().auditor_start_pos.value();
  if (size().value() <= audited) return std::nullopt;
  const Timestamp since = head ? head->timestamp : must(source().entry(EntryIndex{0})).timestamp;
  return Timestamp{since.value() + wire().max_auditor_lag};
}

// The clock moves on the sequencer's own thread, with the first answer of a batch. At any other
// time it stands where the rightmost entry was made, and no heartbeat is due.
std::vector<GrowingStoredLog::Answer> GrowingStoredLog::sequence(
    Timestamp timestamp, const std::vector<Request>& requests) {
  if (requests.size() >= kBatch) throw std::runtime_error("more than a batch");
  view_.reset();
  std::vector<std::future<Answer>> nothing;
  std::vector<std::future<Answer>> answers;
  nothing.push_back(
      submit_nothing([this, timestamp] { clock_.pass(timestamp.value() - clock_.now().value()); }));
  for (const Request& request : requests) answers.push_back(submit(request));
  // Of an entry without versions nobody is told. It is there when the next batch is answered.
  const std::size_t total = requests.empty() ? 2 * kBatch : kBatch;
  while (nothing.size() + answers.size() < total) nothing.push_back(submit_nothing());

  std::vector<Answer> answered;
  for (std::future<Answer>& answer : answers) answered.push_back(answer.get());
  for (std::future<Answer>& answer : nothing) {
    const Answer refused = answer.get();
    if (refused || refused.error().code != Errc::conflict)
      throw std::runtime_error("a request for nothing was not refused as one");
  }
  return answered;
}

std::future<GrowingStoredLog::Answer> GrowingStoredLog::submit(
    const Request& request, std::function<void()> when_answered) {
  auto promise = std::make_shared<std::promise<Answer>>();
  auto future = promise->get_future();
  const Log::Answer answer = [promise, then = std::move(when_answered)](Answer response) {
    if (then) then();
    promise->set_value(std::move(response));
  };
  must(std::visit([&](const auto& any) { return log_->submit(any, answer); }, request));
  return future;
}

std::future<GrowingStoredLog::Answer> GrowingStoredLog::submit_nothing(
    std::function<void()> when_answered) {
  const Label nobody = make_label("nobody");
  if (is_managed())
    return submit(ManagerUpdateRequest{std::nullopt, nobody, std::nullopt, {}, {}},
                  std::move(when_answered));
  return submit(UpdateRequest{std::nullopt, nobody, std::nullopt, {}}, std::move(when_answered));
}

}  // namespace

std::unique_ptr<GrowingLog> make_stored_log(const Configuration& configuration, Timestamp start) {
  return std::make_unique<GrowingStoredLog>(configuration, start);
}

}  // namespace kt::log
