#include "routing/managed_log.h"

#include <mutex>
#include <utility>

#include <boost/asio/thread_pool.hpp>

#include "keytrans/management.h"
#include "manager_follower.h"
#include "routing/await.h"
#include "signed_versions.h"

namespace kt::routing {
namespace {

namespace asio = boost::asio;
using keytrans::DeploymentMode;
using keytrans::ManagerUpdateRequest;
using keytrans::UpdateRequest;

constexpr const char* kDistrusted = "nothing is signed for the log now";

asio::awaitable<Result<Bytes>> refuse() {
  co_return fail(Errc::rejected, "updates of the log are signed here");
}

class SigningLog final : public ManagedLog {
 public:
  SigningLog(LogService& manager, ManagedLogOptions options, const log::Clock& clock,
             const SignedVersions& versions, ManagerFollower follower)
      : manager_(manager),
        options_(std::move(options)),
        clock_(clock),
        versions_(versions),
        follower_(std::move(follower)) {
    state_.trouble = ManagerTrouble::unseen;
    note(fail(Errc::unavailable, ""));
  }

  asio::awaitable<Result<Bytes>> ask(LogRequest request) override;
  asio::awaitable<Result<void>> follow() override;
  [[nodiscard]] ManagedLogState state() const override {
    const std::lock_guard lock(mutex_);
    return state_;
  }
  void close() override { pool_.join(); }

 private:
  asio::awaitable<Result<Bytes>> update(UpdateRequest request);
  Result<ManagerUpdateRequest> sign(const UpdateRequest& request);
  void step(std::string_view name) const {
    if (options_.at_step) options_.at_step(name);
  }
  asio::awaitable<Result<void>> follow_next();
  asio::awaitable<Result<void>> follow_witness(bool is_in_line);
  void note(const Result<void>& followed);

  LogService& manager_;
  const ManagedLogOptions options_;
  const log::Clock& clock_;
  // On the pool's one thread alone.
  SignedVersions versions_;
  ManagerFollower follower_;

  mutable std::mutex mutex_;
  ManagedLogState state_;
  asio::thread_pool pool_{1};
};

asio::awaitable<Result<Bytes>> SigningLog::ask(LogRequest request) {
  if (auto* const wanted = std::get_if<UpdateRequest>(&request)) return update(std::move(*wanted));
  if (std::holds_alternative<ManagerUpdateRequest>(request)) return refuse();
  return manager_.ask(std::move(request));
}

asio::awaitable<Result<Bytes>> SigningLog::update(UpdateRequest request) {
  using Signed = Result<ManagerUpdateRequest>;
  std::function<Signed()> work = [this, request = std::move(request)] { return sign(request); };
  Signed signed_request = co_await await_on<Signed>(pool_, std::move(work));
  if (!signed_request) co_return tl::unexpected<Error>(std::move(signed_request).error());
  LogRequest forwarded(*std::move(signed_request));
  co_return co_await manager_.ask(std::move(forwarded));
}

Result<ManagerUpdateRequest> SigningLog::sign(const UpdateRequest& request) {
  const auto& wire = options_.configuration.wire();
  const ManagedLogState known = state();
  if (known.trouble != ManagerTrouble::none) return fail(Errc::unavailable, kDistrusted);
  // Who hides its heads and takes updates may be hiding a fork.
  if (elapsed_ms(*known.followed_at, clock_.now()) > wire.max_behind)
    return fail(Errc::unavailable, kDistrusted);
  Version first{0};
  if (!request.values.empty()) {
    KT_TRY(first, versions_.reserve(request.label, request.greatest_version, request.values));
    step("recorded");
  }
  auto made = keytrans::sign_update_request(options_.leaf_key, wire, request, first);
  step("signed");
  return made;
}

asio::awaitable<Result<void>> SigningLog::follow() {
  auto followed = co_await follow_next();
  const bool has_answered = followed || followed.error().code == Errc::verification_failed;
  if (has_answered) {
    // Another branch of a fork may be hidden behind "nothing is new", or be what does not verify.
    auto witnessed = co_await follow_witness(followed.has_value());
    if (followed || (!witnessed && witnessed.error().code == Errc::verification_failed))
      followed = std::move(witnessed);
  }
  note(followed);
  co_return followed;
}

asio::awaitable<Result<void>> SigningLog::follow_next() {
  using Request = keytrans::DistinguishedRequest;
  std::function<Request()> read = [this] { return follower_.next_request(); };
  const Request request = co_await await_on<Request>(pool_, std::move(read));
  LogRequest question(request);
  auto answered = co_await manager_.ask(std::move(question));
  if (!answered) {
    // Whoever signed a tree has it.
    if (answered.error().code == Errc::conflict)
      co_return fail(Errc::verification_failed, "the log says that it is smaller than it was");
    co_return tl::unexpected<Error>(std::move(answered).error());
  }
  std::function<Result<void>()> take = [this, request, bytes = *std::move(answered)] {
    return follower_.take_next(request, bytes);
  };
  co_return co_await await_on<Result<void>>(pool_, std::move(take));
}

asio::awaitable<Result<void>> SigningLog::follow_witness(bool is_in_line) {
  LogRequest question(ManagerFollower::witness_request());
  auto answered = co_await manager_.ask(std::move(question));
  if (!answered) co_return tl::unexpected<Error>(std::move(answered).error());
  std::function<Result<void>()> take = [this, is_in_line, bytes = *std::move(answered)] {
    return follower_.take_witness(bytes, is_in_line);
  };
  co_return co_await await_on<Result<void>>(pool_, std::move(take));
}

// What was learned: that the heads are in line, that they are not, or nothing.
void SigningLog::note(const Result<void>& followed) {
  const std::lock_guard lock(mutex_);
  const auto fork = follower_.fork();
  state_.size = follower_.state().last();
  if (fork) {
    state_.trouble = ManagerTrouble::forked;
    state_.reason = *fork;
  } else if (!followed && followed.error().code == Errc::verification_failed) {
    state_.trouble = ManagerTrouble::unverified;
    state_.reason = followed.error().detail;
  } else if (followed) {
    state_.trouble = ManagerTrouble::none;
    state_.reason.clear();
    state_.followed_at = clock_.now();
  }
}

}  // namespace

std::string_view to_string(ManagerTrouble trouble) {
  switch (trouble) {
    case ManagerTrouble::none: return "none";
    case ManagerTrouble::unseen: return "unseen";
    case ManagerTrouble::unverified: return "unverified";
    case ManagerTrouble::forked: return "forked";
  }
  return "unknown";
}

Result<std::unique_ptr<ManagedLog>> ManagedLog::open(store::Store& store, LogService& manager,
                                                     ManagedLogOptions options,
                                                     const log::Clock& clock) {
  const keytrans::LogConfiguration& configuration = options.configuration;
  if (configuration.mode() != DeploymentMode::thirdPartyManagement)
    return fail(Errc::rejected, "the log is not managed by a third party");
  if (options.leaf_key.public_key() != configuration.wire().leaf_public_key)
    return fail(Errc::rejected, "the leaf key is not the log's");
  KT_TRY(const auto versions, SignedVersions::open(store, configuration.id()));
  KT_TRY(auto follower, ManagerFollower::open(store, configuration, options.evidence, clock));
  return std::make_unique<SigningLog>(manager, std::move(options), clock, versions,
                                      std::move(follower));
}

}  // namespace kt::routing
