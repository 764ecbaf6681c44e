// `ktgate serve` as a child of the test, and somebody who asks it over HTTP.
#pragma once

#include <memory>
#include <optional>
#include <regex>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "federation/http_client.h"
#include "keytrans/client_state.h"
#include "keytrans/hash.h"
#include "log_program.h"
#include "must.h"

namespace kt::gateway {

inline constexpr const char* kWriterToken = "the-writers-token";
inline constexpr const char* kAuditorToken = "the-auditors-token";

// [[principal]] for somebody with `token`.
inline std::string principal(const std::string& name, const std::string& token) {
  return "[[principal]]\nname = \"" + name + "\"\ntoken_sha256 = \"" +
         to_hex(keytrans::sha256(to_bytes(token))) + "\"\n";
}

// A gateway that is running. Ended when this object goes.
class Serving {
 public:
  explicit Serving(const std::string& configuration_file)
      : program_({"serve", configuration_file}) {
    wait_until([this] { return program_.out().ends_with('\n') || !program_.err().empty(); },
               "the gateway does not say where it listens");
  }

  // Where it listens; throws when it did not start.
  [[nodiscard]] federation::Url url() const {
    const std::string out = program_.out();
    if (!out.ends_with('\n')) throw std::runtime_error(program_.err());
    return must(federation::parse_url(out.substr(0, out.size() - 1)));
  }
  void signal(int number) const { program_.signal(number); }
  [[nodiscard]] Outcome stop() {
    signal(SIGTERM);
    return program_.wait();
  }
  // Has it read its configuration again, and gives what it says to that.
  [[nodiscard]] std::string reload() const {
    const std::size_t before = err().size();
    program_.signal(SIGHUP);
    wait_until(
        [&] {
          const std::string said = err();
          return said.size() > before && said.ends_with('\n');
        },
        "the gateway says nothing");
    return err().substr(before);
  }
  [[nodiscard]] pid_t id() const { return program_.id(); }
  // What it says, its times and levels left out.
  [[nodiscard]] std::string err() const {
    static const std::regex kBegin("(^|\n)[0-9T:.-]+Z (info|warning|error) ");
    return std::regex_replace(program_.err(), kBegin, "$1");
  }
  [[nodiscard]] std::string err_as_it_is() const { return program_.err(); }
  [[nodiscard]] std::size_t peak_memory() const { return program_.peak_memory(); }

 private:
  Running program_;
};

// Expects of every answer that it is as the gateway's description says, at its socket excepted.
// Looks at each answer that an Asker gets of a public listener; a test program may set it.
using AnswerCheck = void (*)(const federation::HttpRequest&, const federation::HttpResponse&);
inline AnswerCheck check_answer = nullptr;

class Asker {
 public:
  explicit Asker(federation::Url url, const std::string& token = "",
                 const federation::HttpClientOptions& options = {})
      : token_(token),
        is_public_(options.socket.empty()),
        client_(must(
            federation::HttpClient::create(context_.get_executor(), std::move(url), options))) {}

  Result<federation::HttpResponse> send(federation::HttpRequest request) {
    request.bearer_token = token_;
    auto sent = boost::asio::co_spawn(context_, client_->send(request), boost::asio::use_future);
    context_.restart();
    context_.run();
    auto response = sent.get();
    if (response && is_public_ && check_answer != nullptr) check_answer(request, *response);
    return response;
  }
  federation::HttpResponse get(const std::string& target, const std::string& accept = "") {
    federation::HttpRequest request;
    request.target = target;
    request.accept = accept;
    return must(send(std::move(request)));
  }
  federation::HttpResponse post(const std::string& target, const std::string& message, Bytes body) {
    federation::HttpRequest request;
    request.method = federation::HttpMethod::post;
    request.target = target;
    request.content_type = "application/vnd.ktgate." + message;
    request.body = std::move(body);
    return must(send(std::move(request)));
  }

 private:
  boost::asio::io_context context_;
  std::string token_;
  bool is_public_;
  std::unique_ptr<federation::HttpClient> client_;
};

[[nodiscard]] inline std::string text_of(const Bytes& bytes) {
  return {bytes.begin(), bytes.end()};
}

// A user of one log who asks over HTTP, and believes what was verified.
class RemoteUser {
 public:
  RemoteUser(Asker& asker, std::string log, keytrans::LogConfiguration configuration)
      : asker_(asker), path_("/kt/v1/logs/" + log + "/"), state_(std::move(configuration)) {}

  [[nodiscard]] keytrans::ClientState& state() { return state_; }

  // Sends a request of the draft, and applies what comes once it is verified.
  template <class Response, class Request>
  auto ask(const std::string& operation, const Request& request, bool version_requested = false) {
    const auto context =
        keytrans::WireContext::of(state_.configuration().wire(), version_requested);
    const auto answer =
        asker_.post(path_ + operation, operation + "-request", must(keytrans::encode(request)));
    if (answer.status != 200) throw std::runtime_error(text_of(answer.body));
    EXPECT_EQ(answer.content_type, "application/vnd.ktgate." + operation + "-response");
    const auto response = must(keytrans::decode<Response>(answer.body, context));
    auto verified = must(state_.verify(request, response, now()));
    return must(state_.apply(std::move(verified)));
  }

  keytrans::UpdateOutcome update(const Label& label, const std::string& value) {
    const auto request =
        must(state_.update_request(label, {keytrans::LabelValue{to_bytes(value)}}));
    return ask<keytrans::UpdateResponse>("update", request);
  }
  keytrans::SearchOutcome search(const Label& label, std::optional<Version> version = {}) {
    return ask<keytrans::SearchResponse>("search", state_.search_request(label, version),
                                         version.has_value());
  }

  static Timestamp now() {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return Timestamp{static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(since).count())};
  }

 private:
  Asker& asker_;
  std::string path_;
  keytrans::ClientState state_;
};

}  // namespace kt::gateway
