// Keeps the directory documents of a gateway's domains in step with its configuration: makes and
// signs one when there is none, when what it says has changed, or when it has been in force for
// half of its time; puts its hash under `kt:directory` into each log of the domain; and then
// publishes it. Internal. docs/directory-document.md.
//
// Whatever the process dies of, no two documents of one epoch are ever in a log: a document is on
// disk before a log has its hash, and its epoch is greater than those that the logs have.
//
// Thread rule: published() from any thread, the rest from one.
#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>

#include "current.h"
#include "directory_files.h"
#include "hosting.h"
#include "log/clock.h"

namespace kt::gateway {

// By domain; those that have one.
using PublishedDirectories = std::map<federation::Domain, federation::DirectoryDocument>;

class DirectoryPublisher {
 public:
  static constexpr std::uint64_t kLifetimeMs = std::uint64_t{30} * 24 * 60 * 60 * 1000;
  // By how much clients' clocks may be behind.
  static constexpr std::uint64_t kClockSkewMs = std::uint64_t{5} * 60 * 1000;

  // `state` is where the documents are kept, and empty when no domain publishes any. Borrows
  // `clock`. Errors: those of DirectoryFiles::open().
  static Result<std::unique_ptr<DirectoryPublisher>> create(
      const std::filesystem::path& state, const log::Clock& clock = log::system_clock());

  [[nodiscard]] std::shared_ptr<const PublishedDirectories> published() const {
    return published_.snapshot();
  }

  // Whether nobody goes by documents that were published before those that are now.
  [[nodiscard]] bool is_alone() const { return published_.is_alone(); }

  // Publishes again what the domains of `hosting` published last, before the process began, as far
  // as it is in force and their logs are those that it names; where labels are moving, requests go
  // by it at once. What is not as it should be is left to publish(). Blocking.
  void restore(const Hosting& hosting);

  // Does for one domain of `hosting` what there is to be done. Blocking until the logs have taken
  // what they were given; another thread may end that with stop(). Result: whether there is another
  // document than before.
  // Errors: those of DirectoryFiles and DirectoryDocument::sign(); those of the logs; rejected when
  // the domain has published an epoch that nothing can follow.
  // Requires: the domain has a url.
  Result<bool> publish(const Hosting& hosting, const DomainConfiguration& domain);

  // Nothing is published any more for domains that are not in `hosting`, or have no url there.
  void withdraw_others(const Hosting& hosting);

  // From any thread: what publish() waits for is not waited for any more.
  void stop() { is_stopped_ = true; }
  [[nodiscard]] bool is_stopped() const { return is_stopped_; }

 private:
  DirectoryPublisher(std::optional<DirectoryFiles> files, const log::Clock& clock);

  // What restore() publishes for a domain. Errors: those of DirectoryFiles and of the logs.
  Result<std::optional<federation::DirectoryDocument>> last_published(
      const Hosting& hosting, const DomainConfiguration& domain) const;
  void set(const federation::DirectoryDocument& document);

  std::optional<DirectoryFiles> files_;
  const log::Clock& clock_;
  Current<PublishedDirectories> published_;
  std::atomic<bool> is_stopped_ = false;
};

}  // namespace kt::gateway
