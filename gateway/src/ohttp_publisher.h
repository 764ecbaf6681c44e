// The keys of the gateway's Oblivious HTTP, from one to the next: makes them, has the logs say so,
// publishes them, and erases them. Internal. docs/operations.md, "Anonymous lookups".
//
// A key is *pending* until each log of the domains has the hash of every list that it will be in;
// *pre-published* for `overlap`, in which clients learn of it; *active* while it is the first of
// the list; in its *grace* for `overlap`, in which requests of clients with an older list are still
// opened; then *retired*, which is to say gone. Requests are opened with all keys but pending ones.
//
// Everybody is served the same list, and no list is served that the logs do not have.
//
// Thread rule: published(), request_rotation(), is_asked() and counters from any thread, the rest
// from one.
#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "configuration.h"
#include "current.h"
#include "federation/ohttp.h"
#include "federation/ohttp_keys_entry.h"
#include "hosting.h"
#include "log/clock.h"
#include "ohttp_key_files.h"

namespace kt::gateway {

// What is in force. Empty before the first key is published.
struct PublishedOhttp {
  Bytes list;       // application/ohttp-keys: the active key first
  Bytes preferred;  // its configuration alone
  std::vector<std::shared_ptr<const federation::OhttpKey>> keys;  // with which requests are opened
  std::chrono::seconds max_age{0};  // for which clients may keep the list

  // Errors: those of OhttpKey::open_request(), the same for a key that is not there.
  [[nodiscard]] Result<federation::OpenedOhttpRequest> open(
      ByteView message, federation::OhttpEncoding encoding) const;
};

// For metrics. Nothing here says who or what.
struct OhttpCounters {
  std::atomic<std::uint64_t> answered = 0;
  std::atomic<std::uint64_t> unopened = 0;
  std::atomic<std::uint64_t> rotations = 0;  // keys that became known
  std::atomic<bool> out_of_step = false;     // whether the last step failed
};

class OhttpPublisher {
 public:
  // `directory` is where the keys are. Borrows `clock`. Errors: those of OhttpKeyFiles::open().
  static Result<std::unique_ptr<OhttpPublisher>> create(
      const std::filesystem::path& directory, const OhttpConfiguration& configuration,
      const log::Clock& clock = log::system_clock());

  [[nodiscard]] std::shared_ptr<const PublishedOhttp> published() const {
    return published_.snapshot();
  }
  [[nodiscard]] OhttpCounters& counters() const { return counters_; }

  // Does what is due, for the logs of the domains of `hosting` that have a url. Blocking until the
  // logs have taken what they were given; stop() ends that. Result: when there is something to do
  // again.
  // Errors: those of OhttpKeyFiles and of put_reserved(). What was published stays so.
  Result<std::chrono::milliseconds> step(const Hosting& hosting);

  // Has the next step() begin a rotation. False when one is under way.
  [[nodiscard]] bool request_rotation();
  [[nodiscard]] bool is_asked() const { return is_asked_; }

  // What step() waits for is not waited for any more.
  void stop() { is_stopped_ = true; }

 private:
  OhttpPublisher(OhttpKeyFiles files, const OhttpConfiguration& configuration,
                 const log::Clock& clock);

  [[nodiscard]] bool is_rotation_due(Timestamp now) const;
  Result<void> load_keys();
  Result<void> retire(Timestamp now);
  Result<void> put_into_logs(const Hosting& hosting);
  // The place of the active key. Requires: one is not pending.
  [[nodiscard]] std::size_t active(Timestamp now) const;
  void publish(Timestamp now);
  [[nodiscard]] std::chrono::milliseconds time_to_next(Timestamp now) const;

  OhttpKeyFiles files_;
  const OhttpConfiguration configuration_;
  const log::Clock& clock_;
  std::vector<std::shared_ptr<const federation::OhttpKey>> keys_;  // those of files_
  Current<PublishedOhttp> published_;
  mutable OhttpCounters counters_;
  std::atomic<bool> is_rotating_ = false;
  std::atomic<bool> is_asked_ = false;
  std::atomic<bool> is_stopped_ = false;
};

}  // namespace kt::gateway
