#include "witness_thread.h"

#include <algorithm>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "federation/media_type.h"
#include "keytrans/random.h"
#include "witness_api.h"

namespace kt::gateway {
namespace {

namespace asio = boost::asio;
using federation::Domain;
using federation::HttpMethod;
using federation::HttpRequest;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kTick{1'000};  // how often evidence and configuration are looked at
constexpr milliseconds kApart{100};   // between two requests, which others limit to 20 a second
constexpr std::size_t kMaxLogsOfOne = 32;
constexpr unsigned kOk = 200;
constexpr unsigned kNotFound = 404;

// Between half of it and all, so that nobody knows when the next look comes.
milliseconds with_jitter(milliseconds interval) {
  const auto random = keytrans::random_bytes<2>();
  if (!random) return interval;
  const int part = (*random)[0] << 8 | (*random)[1];
  return interval - interval / 2 * part / 65536;
}

asio::awaitable<void> ask_into(routing::LogService* log, keytrans::DistinguishedRequest request,
                               std::optional<Result<Bytes>>* answer) {
  routing::LogRequest question(request);
  auto answered = co_await log->ask(std::move(question));
  answer->emplace(std::move(answered));
}

Result<Bytes> ask_here(routing::LogService& log, const keytrans::DistinguishedRequest& request) {
  asio::io_context context{1};
  std::optional<Result<Bytes>> answer;
  asio::co_spawn(context, ask_into(&log, request, &answer), asio::detached);
  context.run();
  if (!answer) return fail(Errc::unavailable, "the log cannot answer now");
  return *std::move(answer);
}

}  // namespace

WitnessThread::WitnessThread(Witness& witness, const Current<Hosting>& hosting, Say say)
    : witness_(witness), hosting_(hosting), say_(std::move(say)), thread_([this] { run(); }) {}

void WitnessThread::request_stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_.request_stop();
  }
  wake_.notify_all();
}

void WitnessThread::stop() {
  request_stop();
  if (thread_.joinable()) thread_.join();
}

bool WitnessThread::pause(milliseconds time) {
  std::unique_lock lock(mutex_);
  return !wake_.wait_for(lock, time, [this] { return stop_.stop_requested(); });
}

void WitnessThread::tell() {
  for (const WitnessNews& news : witness_.take_news()) say_(news.is_well, news.what);
}

void WitnessThread::note_fault(const std::string& fault) {
  if (fault != fault_) say_(false, "what logs show is not witnessed: " + fault);
  fault_ = fault;
}

void WitnessThread::run() {
  steady_clock::time_point due = steady_clock::now();
  std::vector<Domain> before;
  do {
    if (const auto refreshed = witness_.refresh(); !refreshed) note_fault(refreshed.error().detail);
    const auto hosting = hosting_.snapshot();
    if (hosting->relay() != nullptr) {
      const FederationConfiguration& federation = hosting->relay()->settings().federation;
      const bool is_new = federation.witness != before;
      if (!federation.witness.empty() && (is_new || steady_clock::now() >= due)) {
        pass(*hosting);
        due = steady_clock::now() + with_jitter(federation.witness_interval);
      }
      before = federation.witness;
    }
    tell();
  } while (pause(kTick));
}

void WitnessThread::pass(const Hosting& hosting) {
  subjects_.clear();
  fault_.clear();
  const auto& witnessed = hosting.relay()->settings().federation.witness;
  if (const auto settled = witness_.settle({witnessed.begin(), witnessed.end()}); !settled)
    note_fault(settled.error().detail);
  for (const HostedLog& hosted : hosting.logs()) {
    if (stop_.stop_requested()) return;
    look_at_own(hosted);
  }
  const std::vector<Neighbour> neighbours = find_neighbours(hosting);
  for (const Neighbour& neighbour : neighbours) {
    std::size_t count = 0;
    for (const federation::DirectoryLog& log : neighbour.found->document.directory().logs) {
      if (log.state == federation::LogState::retired || ++count > kMaxLogsOfOne) continue;
      if (!pause(kApart)) return;
      look_at(hosting, neighbour, log);
      tell();
    }
  }
  for (const Neighbour& neighbour : neighbours) {
    compare_with(hosting, neighbour);
    tell();
  }
}

std::vector<WitnessThread::Neighbour> WitnessThread::find_neighbours(const Hosting& hosting) {
  std::vector<Neighbour> neighbours;
  for (const Domain& domain : hosting.relay()->settings().federation.witness) {
    if (stop_.stop_requested()) return {};
    auto found = hosting.relay()->find(domain, stop_.get_token());
    if (found) {
      neighbours.push_back({domain, *std::move(found)});
    } else {
      // What is wrong with the domain is an alarm of discovery.
      witness_.metrics().note(Look::unavailable);
    }
  }
  return neighbours;
}

void WitnessThread::look(
    const WitnessSubject& log,
    const std::function<Result<Bytes>(const keytrans::DistinguishedRequest&)>& ask) {
  const LogId& id = log.configuration.id();
  const bool is_known = std::any_of(subjects_.begin(), subjects_.end(), [&id](const auto& each) {
    return each.configuration.id() == id;
  });
  if (is_known) return;  // another domain has it, too
  subjects_.push_back(log);
  auto answer = ask(Witness::newcomers_request());
  if (!answer) {
    const Error& error = answer.error();
    if (error.code == Errc::malformed || error.code == Errc::verification_failed) {
      witness_.note_unverified(log, error.detail);
      witness_.metrics().note(Look::unverified);
    } else {
      witness_.metrics().note(Look::unavailable);
    }
    return;
  }
  auto looked = witness_.look(log, *answer);
  if (looked && *looked == Look::apart) {
    const auto request = witness_.continuing_request(id);
    const auto continued = request ? ask(*request) : tl::unexpected<Error>(request.error());
    // A log that does not answer that is asked again, and until then nothing is kept of it.
    if (continued) looked = witness_.look(log, *std::move(answer), *continued);
  }
  if (looked) {
    witness_.metrics().note(*looked);
  } else {
    witness_.metrics().note(Look::unavailable);
    note_fault(looked.error().detail);
  }
}

void WitnessThread::look_at_own(const HostedLog& hosted) {
  const bool is_sealed = !hosted.is_remote() && hosted.log->state().is_sealed;
  look({std::nullopt, hosted.configuration(), !is_sealed},
       [&hosted](const keytrans::DistinguishedRequest& request) {
         return ask_here(*hosted.service, request);
       });
}

Result<Bytes> WitnessThread::fetch(const Hosting& hosting, const Neighbour& neighbour,
                                   const federation::Url& url, HttpRequest request) const {
  const std::string type = request.accept;
  KT_TRY(auto answer, hosting.relay()->ask(neighbour.domain, url, std::move(request), kMaxShownSize,
                                           stop_.get_token()));
  if (answer.status == kNotFound) return fail(Errc::not_found, "there is nothing");
  if (answer.status != kOk)
    return fail(Errc::unavailable, "the answer has status " + std::to_string(answer.status));
  if (answer.content_type != type) return fail(Errc::malformed, "the answer is of another type");
  return std::move(answer.body);
}

void WitnessThread::look_at(const Hosting& hosting, const Neighbour& neighbour,
                            const federation::DirectoryLog& log) {
  const bool is_active = log.state == federation::LogState::active;
  look({neighbour.domain, log.configuration, is_active},
       [&](const keytrans::DistinguishedRequest& asked) -> Result<Bytes> {
         HttpRequest request;
         request.method = HttpMethod::post;
         request.target = "/distinguished";
         request.content_type = federation::media_type("distinguished-request");
         request.accept = federation::media_type("distinguished-response");
         request.changes_nothing = true;
         KT_TRY(request.body, keytrans::encode(asked));
         return fetch(hosting, neighbour, log.url, std::move(request));
       });
}

// Of all logs but its own, which have told that themselves.
void WitnessThread::compare_with(const Hosting& hosting, const Neighbour& neighbour) {
  const federation::Directory& directory = neighbour.found->document.directory();
  for (const WitnessSubject& log : subjects_) {
    const LogId& id = log.configuration.id();
    if (directory.find(id) != nullptr) continue;
    if (!pause(kApart)) return;
    HttpRequest request;
    request.target = witnessed_path(id);
    request.accept = federation::media_type("distinguished-response");
    const auto seen = fetch(hosting, neighbour, directory.url, std::move(request));
    Result<Comparison> compared = Comparison::unavailable;
    if (seen) {
      compared = witness_.compare(log, *seen);
    } else if (seen.error().code == Errc::not_found) {
      compared = Comparison::unseen;
    } else if (seen.error().code == Errc::malformed) {
      compared = Comparison::invalid;
    }
    if (compared) {
      witness_.metrics().note(*compared);
    } else {
      note_fault(compared.error().detail);
    }
  }
}

}  // namespace kt::gateway
