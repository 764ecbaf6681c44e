#include "routing/embedded_log.h"

#include <utility>

#include "keytrans/prover.h"
#include "routing/await.h"

namespace kt::routing {
namespace {

namespace asio = boost::asio;
using keytrans::LogSource;
using keytrans::WireContext;

Result<keytrans::SearchResponse> prove(const LogSource& view,
                                       const keytrans::SearchRequest& request) {
  return keytrans::prove_search(view, request);
}
Result<keytrans::ContactMonitorResponse> prove(const LogSource& view,
                                               const keytrans::ContactMonitorRequest& request) {
  return keytrans::prove_contact_monitor(view, request);
}
Result<keytrans::OwnerInitResponse> prove(const LogSource& view,
                                          const keytrans::OwnerInitRequest& request) {
  return keytrans::prove_owner_init(view, request);
}
Result<keytrans::OwnerMonitorResponse> prove(const LogSource& view,
                                             const keytrans::OwnerMonitorRequest& request) {
  return keytrans::prove_owner_monitor(view, request);
}
Result<keytrans::DistinguishedResponse> prove(const LogSource& view,
                                              const keytrans::DistinguishedRequest& request) {
  return keytrans::prove_distinguished(view, request, keytrans::RecentPolicy{});
}

Result<keytrans::Credential> prove(const LogSource& view,
                                   const federation::CredentialRequest& request) {
  if (!request.position) return keytrans::prove_credential(view, request.label);
  return keytrans::prove_credential(view, request.label, *request.position);
}
Result<keytrans::CredentialUpdate> prove(const LogSource& view,
                                         const federation::CredentialUpdateRequest& request) {
  return keytrans::prove_credential_update(view, request.label, request.version, request.terminal,
                                           request.tree_size);
}

Result<keytrans::ConsistencyResponse> prove(const LogSource& view,
                                            const keytrans::ConsistencyRequest& request) {
  return keytrans::prove_consistency(view, request);
}

template <class Message>
bool names_a_version(const Message& request) {
  if constexpr (std::is_same_v<Message, keytrans::SearchRequest>) {
    return request.version.has_value();
  } else {
    return false;
  }
}

// What the log itself made fits its fields, or the log is wrong.
template <class Message>
Result<Bytes> encoded(const Message& response, const WireContext& context) {
  auto bytes = keytrans::encode(response, context);
  if (!bytes) return fail(Errc::corrupt, std::move(bytes).error().detail);
  return bytes;
}
Result<Bytes> encoded(const keytrans::CredentialUpdate& response, const WireContext& /*context*/) {
  auto bytes = keytrans::encode(response);
  if (!bytes) return fail(Errc::corrupt, std::move(bytes).error().detail);
  return bytes;
}
Result<Bytes> encoded(const keytrans::ConsistencyResponse& response,
                      const WireContext& /*context*/) {
  auto bytes = keytrans::encode(response);
  if (!bytes) return fail(Errc::corrupt, std::move(bytes).error().detail);
  return bytes;
}

class EmbeddedLog : public LogService {
 public:
  explicit EmbeddedLog(log::Log& log) : log_(log) {}

  asio::awaitable<Result<Bytes>> ask(LogRequest request) override {
    return std::visit([this](auto& message) { return answer(std::move(message)); }, request);
  }

 private:
  template <class Message>
  asio::awaitable<Result<Bytes>> answer(Message request) {
    co_return read(request);
  }
  asio::awaitable<Result<Bytes>> answer(keytrans::UpdateRequest request) {
    return submit(std::move(request));
  }
  asio::awaitable<Result<Bytes>> answer(keytrans::ManagerUpdateRequest request) {
    return submit(std::move(request));
  }

  template <class Message>
  Result<Bytes> read(const Message& request) const {
    KT_TRY(const auto view, log_.view());
    KT_TRY(const auto response, prove(*view, request));
    return encoded(response,
                   WireContext::of(log_.configuration().wire(), names_a_version(request)));
  }

  template <class Message>
  asio::awaitable<Result<Bytes>> submit(Message request) {
    using Answered = Result<keytrans::UpdateResponse>;
    // Before the wait, as neither the log nor this object need be there after it.
    const WireContext context = WireContext::of(log_.configuration().wire());
    auto start = [&log = log_, message = std::move(request)](auto done) mutable {
      // When it is refused at once, nobody else calls.
      auto refused = log.submit(std::move(message), done);
      if (!refused) done(tl::unexpected<Error>(std::move(refused).error()));
    };
    const Answered answered = co_await await_callback<Answered>(std::move(start));
    if (!answered) co_return tl::unexpected<Error>(answered.error());
    co_return encoded(*answered, context);
  }

  log::Log& log_;
};

}  // namespace

std::unique_ptr<LogService> make_embedded(log::Log& log) {
  return std::make_unique<EmbeddedLog>(log);
}

}  // namespace kt::routing
