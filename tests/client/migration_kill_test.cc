// A real gateway that is killed at every phase of a migration and at random inside each, while its
// users look up, publish and monitor.
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <random>
#include <thread>

#include "client/lookup.h"
#include "client/monitor.h"
#include "client/own.h"
#include "client/trust.h"
#include "federation/reserved.h"
#include "keytrans/log_configuration.h"
#include "moving_domain.h"

namespace kt::client {
namespace {

// What a label's value may be: the last one that was acknowledged, or one that was sent since.
struct Person {
  std::string name;
  std::atomic<std::int64_t> acknowledged;  // -1: nothing was published yet
  std::atomic<std::int64_t> sent;

  Person(std::string named, std::int64_t first)
      : name(std::move(named)), acknowledged(first), sent(first) {}
  [[nodiscard]] std::string value(std::int64_t number) const {
    return "value " + std::to_string(number) + " of " + name;
  }
};

// What users saw that they should not have.
class Faults {
 public:
  void add(const std::string& what) {
    const std::lock_guard lock(mutex_);
    if (faults_.size() < kMost) faults_.push_back(what);
  }
  [[nodiscard]] std::vector<std::string> all() const {
    const std::lock_guard lock(mutex_);
    return faults_;
  }

 private:
  static constexpr std::size_t kMost = 10;
  mutable std::mutex mutex_;
  std::vector<std::string> faults_;
};

// A user with a state of their own. That the gateway cannot answer now is no fault.
class User {
 public:
  User(std::string directory, const federation::Url& url, Faults& faults)
      : transport_(make_http_transport(std::chrono::seconds(5))),
        session_{must(StateDirectory::open(std::move(directory))), transport_.get()},
        faults_(faults) {
    must(client::trust(session_, {domain_of("example.com"), url, {}, {}, {}}));
  }

  // Whether there was an answer.
  bool look_up(const Person& person) {
    const std::int64_t least = person.acknowledged;
    const auto found = lookup(session_, {person.name, {}, {}, ""});
    const std::int64_t most = person.sent;
    if (!found && least < 0 && found.error().code == Errc::not_found) return true;
    if (!found) return is_no_fault(found.error(), "looking up " + person.name);
    for (std::int64_t i = least; i <= most; ++i) {
      if (found->value == to_bytes(std::string_view(person.value(i)))) return true;
    }
    faults_.add(person.name + " is '" + std::string(found->value.begin(), found->value.end()) +
                "', and should be one of " + std::to_string(least) + " to " + std::to_string(most));
    return true;
  }

  void own(const Person& person) {
    const auto owned = client::own(session_, {person.name, {}});
    if (!owned) is_no_fault(owned.error(), "owning " + person.name);
  }

  // Publishes the next value, or the one again of which nobody knows what became of it.
  void publish(Person& person) {
    if (person.sent == person.acknowledged) ++person.sent;
    const std::int64_t number = person.sent;
    const auto token =
        keytrans::SecretBytes::copy_of(to_bytes(std::string_view(gateway::kWriterToken)));
    auto published = client::publish(
        session_, {person.name, {}, to_bytes(std::string_view(person.value(number)))}, token);
    if (!published && published.error().code == Errc::conflict) {
      own(person);
    } else if (!published) {
      is_no_fault(published.error(), "publishing for " + person.name);
      look_up(person);  // there may be a newer document
    } else if (published->how == Published::How::overtaken) {
      std::string unknown;
      for (const PublishedVersion& each : published->unknown)
        unknown += " " + std::to_string(each.version.value()) + ": " +
                   std::string(each.value.begin(), each.value.end());
      faults_.add("instead of " + person.value(number) + " there is" + unknown);
    } else {
      person.acknowledged = number;
    }
  }

  void monitor() {
    const auto report = client::monitor(session_, true);
    if (!report) return static_cast<void>(is_no_fault(report.error(), "monitoring"));
    for (const Monitored& task : report->tasks) {
      const ByteView label = task.label.bytes();
      if (task.error)
        is_no_fault(*task.error, "monitoring " + std::string(label.begin(), label.end()));
    }
  }

 private:
  // Result: false.
  bool is_no_fault(const Error& error, const std::string& what) {
    if (error.code != Errc::unavailable) faults_.add(what + ": " + error.detail);
    return false;
  }

  std::unique_ptr<Transport> transport_;
  Session session_;
  Faults& faults_;
};

class MigrationExpensive : public MovingDomain {
 protected:
  static constexpr int kWriters = 6;  // of the people
  static constexpr int kNewcomers = 4;

  void SetUp() override {
    if (const char* const given = std::getenv("KT_KILLS")) kills_ = std::atoi(given);
    seed_ = std::random_device{}();
    if (const char* const given = std::getenv("KT_SEED"))
      seed_ = static_cast<unsigned>(std::strtoul(given, nullptr, 10));
    std::printf("KT_KILLS=%d KT_SEED=%u\n", kills_, seed_);
    random_.seed(seed_);
    std::string lines;
    // Whatever is killed begins with a second's worth again, so there are enough for all kills.
    for (int i = 0; i < 4 * kills_ + 8; ++i) {
      people_.push_back(std::make_unique<Person>("user" + std::to_string(i) + "@example.com", 0));
      lines += gateway::line_of(people_.back()->name, 0, people_.back()->value(0));
    }
    for (int i = 0; i < kNewcomers; ++i)
      people_.push_back(std::make_unique<Person>("new" + std::to_string(i) + "@example.com", -1));
    begin(lines);
    url_ = serving().url();
    reader_ = std::make_unique<User>(path("reader"), url_, faults_);
    writer_ = std::make_unique<User>(path("writer"), url_, faults_);
    // Who owns a label in the old log knows its copy; newcomers begin to own theirs later.
    for (int i = 0; i < kWriters; ++i) writer_->own(*people_[static_cast<std::size_t>(i)]);
    threads_.emplace_back([this] { read(); });
    threads_.emplace_back([this] { write(); });
  }
  void stop_users() {
    is_over_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    EXPECT_EQ(faults_.all(), std::vector<std::string>());
  }
  void TearDown() override {
    if (!threads_.empty()) stop_users();
  }

  void read() {
    std::mt19937 random(seed_ + 1);
    while (!is_over_) {
      const Person& person = *people_[random() % people_.size()];
      // Nobody else's state says what is not there yet.
      if (person.acknowledged >= 0 && reader_->look_up(person)) ++lookups_;
    }
  }
  void write() {
    std::mt19937 random(seed_ + 2);
    while (!is_over_) {
      const std::size_t chosen = random() % (kWriters + kNewcomers);
      writer_->publish(chosen < kWriters ? *people_[chosen]
                                         : *people_[people_.size() - 1 - (chosen - kWriters)]);
      if (random() % 8 == 0) writer_->monitor();
    }
  }

  static std::int64_t progress(const Json& status) {
    return status.at("moved").get<std::int64_t>() + status.at("updated").get<std::int64_t>() +
           status.at("verified").get<std::int64_t>();
  }
  // SIGKILL, after users have looked up a few labels, and another start.
  void kill_at_random() {
    const std::uint64_t enough = lookups_ + random_() % 25;
    const auto is_enough = [&] { return lookups_ >= enough || is_over_; };
    gateway::wait_until(is_enough, "nobody can look up anything");
    kill();
  }
  void kill() {
    const Json before = status();
    serving().signal(SIGKILL);
    ++killed_[before.at("phase").get<std::string>()];
    restart(url_);
    const Json after = status();
    EXPECT_GE(progress(after), progress(before)) << before << " " << after;
    EXPECT_EQ(after.at("fault"), "");
  }
  // At random, as long as the phase is that one.
  void kill_inside(const std::string& phase, int times) {
    for (int i = 0; i < times && status().at("phase") == phase; ++i) kill_at_random();
  }

  // Every version of every label in the old log: tombstones come last, and once.
  void expect_tombstones(std::size_t in_each) {
    gateway::Asker asker(url_);
    const auto configuration =
        must(keytrans::LogConfiguration::create(must(keytrans::decode<keytrans::Configuration>(
            asker.get("/kt/v1/logs/main/configuration").body))));
    gateway::RemoteUser user(asker, "main", configuration);
    for (const auto& person : people_) {
      const Label label = label_of(person->name);
      // A newcomer who published after labels had moved is not here.
      std::optional<keytrans::SearchOutcome> greatest;
      try {
        greatest = user.search(label);
      } catch (const std::runtime_error& error) {
        EXPECT_NE(std::string(error.what()).find("unknown-label"), std::string::npos)
            << error.what();
        EXPECT_TRUE(person->name.starts_with("new")) << person->name;
        continue;
      }
      std::size_t tombstones = 0;
      for (std::uint32_t i = 0; i <= greatest->version.value(); ++i) {
        const Bytes value = user.search(label, Version{i}).value;
        if (federation::is_like_a_tombstone(value)) ++tombstones;
        const bool is_last = i == greatest->version.value();
        EXPECT_TRUE(is_last || !federation::is_like_a_tombstone(value)) << person->name;
      }
      EXPECT_EQ(tombstones, in_each) << person->name;
    }
  }
  // Once all have moved, as their users and the report see it.
  void expect_all_moved(std::size_t tombstones) {
    const std::uint64_t enough = lookups_ + 50;
    gateway::wait_until([&] { return lookups_ >= enough; }, "nobody can look up anything");
    stop_users();
    User newcomer(path("newcomer"), url_, faults_);
    for (const auto& person : people_) {
      if (person->acknowledged < 0) continue;
      EXPECT_TRUE(newcomer.look_up(*person)) << person->name;
    }
    EXPECT_EQ(faults_.all(), std::vector<std::string>());
    const Json counts = report();
    EXPECT_EQ(counts.at("faults"), 0) << counts;
    EXPECT_EQ(counts.at("waiting"), 0) << counts;
    expect_tombstones(tombstones);
    for (const auto& [phase, times] : killed_)
      std::printf("killed in %s: %d\n", phase.c_str(), times);
    std::printf("%llu lookups\n", static_cast<unsigned long long>(lookups_));
  }
  void finish_and_kill() {
    gateway::wait_until([this] { return migrate("finish").code == 0; }, "it cannot be finished");
    kill();
    EXPECT_EQ(status().at("phase"), "finished");
    wait_for_document("retired");
    User user(path("last"), url_, faults_);
    gateway::wait_until([&] { return user.look_up(*people_[0]); }, "nothing is found");
    EXPECT_EQ(faults_.all(), std::vector<std::string>());
  }

  int kills_ = 10;
  unsigned seed_ = 0;
  std::mt19937 random_;
  federation::Url url_;
  std::vector<std::unique_ptr<Person>> people_;
  Faults faults_;
  std::atomic<bool> is_over_ = false;
  std::atomic<std::uint64_t> lookups_ = 0;
  std::map<std::string, int> killed_;
  std::unique_ptr<User> reader_;
  std::unique_ptr<User> writer_;
  std::vector<std::thread> threads_;
};

TEST_F(MigrationExpensive, KilledGradually) {
  ASSERT_EQ(migrate("start", {"--to", "new", "--grace", "1s", "--rate", "4"}).code, 0);
  kill();
  wait_for_phase("dual");
  kill();
  kill_inside("dual", kills_ / 3);
  gateway::wait_until([this] { return migrate("advance").code == 0; }, "it cannot be swept");
  kill();
  kill_inside("sweeping", kills_);
  wait_for_phase("draining");
  kill();
  wait_for_document("single");
  expect_all_moved(1);
  finish_and_kill();
  for (const char* const phase : {"prepared", "dual", "sweeping", "draining", "finished"})
    EXPECT_GT(killed_[phase], 0) << phase;
}

TEST_F(MigrationExpensive, KilledAtOnce) {
  ASSERT_EQ(
      migrate("start", {"--to", "new", "--mode", "immediate", "--grace", "1s", "--rate", "8"}).code,
      0);
  kill();
  gateway::wait_until([this] { return migrate("advance").code == 0; }, "it cannot be frozen");
  kill();
  wait_for_phase("populating");
  kill();
  kill_inside("populating", kills_ / 2);
  wait_for_phase("verifying");
  kill();
  kill_inside("verifying", kills_ / 2);
  wait_for_phase("draining");
  kill();
  expect_all_moved(0);
  finish_and_kill();
  // On a busy machine `frozen` may be over before the signal comes.
  for (const char* const phase : {"prepared", "populating", "verifying", "draining", "finished"})
    EXPECT_GT(killed_[phase], 0) << phase;
}

}  // namespace
}  // namespace kt::client
