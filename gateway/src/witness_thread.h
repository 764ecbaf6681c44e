// Looks at the logs of other domains and at this gateway's own, and compares what it sees with what
// other gateways have seen, every now and then. Internal. docs/federation.md, "Witnesses".
//
// A log is asked what a newcomer asks. Other gateways are asked for what they keep, which costs
// them nothing else, one request after the other.
//
// Thread rule: made and stopped by one thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "hosting.h"
#include "witness.h"

namespace kt::gateway {

class WitnessThread {
 public:
  // What has changed, for the operator, and whether that is as it should be.
  using Say = std::function<void(bool is_well, const std::string& what)>;

  // Borrows both. `say` is called from the thread.
  WitnessThread(Witness& witness, const Current<Hosting>& hosting, Say say);
  WitnessThread(const WitnessThread&) = delete;
  WitnessThread& operator=(const WitnessThread&) = delete;
  ~WitnessThread() { stop(); }

  // Begins nothing any more, and gives up what other gateways were asked.
  void request_stop();
  // Besides waits for what is under way: a log that this gateway hosts may take its time.
  void stop();

 private:
  // Another domain, as its document says now.
  struct Neighbour {
    federation::Domain domain;
    std::shared_ptr<const federation::DiscoveredDomain> found;
  };

  void run();
  void tell();
  void pass(const Hosting& hosting);
  std::vector<Neighbour> find_neighbours(const Hosting& hosting);
  void look_at_own(const HostedLog& hosted);
  void look_at(const Hosting& hosting, const Neighbour& neighbour,
               const federation::DirectoryLog& log);
  void compare_with(const Hosting& hosting, const Neighbour& neighbour);
  // `ask` asks the log.
  void look(const WitnessSubject& log,
            const std::function<Result<Bytes>(const keytrans::DistinguishedRequest&)>& ask);
  Result<Bytes> fetch(const Hosting& hosting, const Neighbour& neighbour,
                      const federation::Url& url, federation::HttpRequest request) const;
  void note_fault(const std::string& fault);
  // Whether to go on, after a while.
  bool pause(std::chrono::milliseconds time);

  Witness& witness_;
  const Current<Hosting>& hosting_;
  Say say_;
  std::vector<WitnessSubject> subjects_;  // of this pass
  std::string fault_;                     // as it was said
  std::mutex mutex_;
  std::condition_variable wake_;
  std::stop_source stop_;
  std::thread thread_;
};

}  // namespace kt::gateway
