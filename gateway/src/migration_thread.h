// Goes on with the migrations of a gateway's domains, as migration/runner.h says. Internal.
//
// Thread rule: one thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "current.h"
#include "migrations.h"

namespace kt::gateway {

class MigrationThread {
 public:
  // What has changed, for the operator, and whether that is as it should be.
  using Say = std::function<void(bool is_well, const std::string& what)>;

  // Borrows all of them. `say` is called from the thread.
  MigrationThread(Migrations& migrations, const Current<Hosting>& hosting,
                  const DirectoryPublisher& publisher, Say say,
                  const log::Clock& clock = log::system_clock());
  MigrationThread(const MigrationThread&) = delete;
  MigrationThread& operator=(const MigrationThread&) = delete;
  ~MigrationThread() { stop(); }

  // Waits for what the logs are doing. Nothing is moved after that.
  void stop();

 private:
  void run();
  // How long to wait before the next step of it.
  std::chrono::milliseconds go_on(const migration::Record& record);
  void say_once(const std::string& domain, const std::string& what);

  Migrations& migrations_;
  const Current<Hosting>& hosting_;
  const DirectoryPublisher& publisher_;
  Say say_;
  const log::Clock& clock_;
  std::map<std::string, std::string> said_;  // of domains
  // When the next labels of a domain may move, where there is a rate.
  std::map<std::string, std::chrono::steady_clock::time_point> due_;
  std::chrono::steady_clock::time_point keep_at_{};
  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_stopped_ = false;
  std::thread thread_;
};

}  // namespace kt::gateway
