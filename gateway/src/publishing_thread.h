// Publishes the directory documents of what a gateway serves, and its keys for Oblivious HTTP, when
// it begins, after each reload, and when a document or a key gets old. Internal.
//
// Thread rule: one thread; failing() any.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "directory_publisher.h"
#include "ohttp_publisher.h"

namespace kt::gateway {

class PublishingThread {
 public:
  // What has changed, for the operator, and whether that is as it should be.
  using Say = std::function<void(bool is_in_step, const std::string& what)>;

  // Borrows all of them; `ohttp` is null where there is no Oblivious HTTP. `say` is called from the
  // thread.
  PublishingThread(DirectoryPublisher& publisher, OhttpPublisher* ohttp,
                   const Current<Hosting>& hosting, Say say);
  PublishingThread(const PublishingThread&) = delete;
  PublishingThread& operator=(const PublishingThread&) = delete;
  ~PublishingThread() { stop(); }

  // Ends what is under way. Nothing is published after that.
  void stop();

  // That the document of a domain is published which has this epoch.
  [[nodiscard]] static std::string words_for(const federation::Domain& domain,
                                             federation::Epoch epoch);

  // Domains whose document is not in step.
  [[nodiscard]] std::size_t failing() const { return failing_; }

 private:
  void run();
  // Result: whether all documents are in step.
  bool pass(const Hosting& hosting);
  // Result: when to come again.
  std::chrono::milliseconds step_ohttp(const Hosting& hosting);

  DirectoryPublisher& publisher_;
  OhttpPublisher* const ohttp_;
  const Current<Hosting>& hosting_;
  Say say_;
  std::map<std::string, std::string> faults_;  // of domains, as they were said
  std::string ohttp_fault_;                    // as it was said
  std::uint64_t rotations_ = 0;                // that were said
  std::atomic<std::size_t> failing_ = 0;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::thread thread_;
};

}  // namespace kt::gateway
