// A database in which something changed that nobody wrote.
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <random>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "log_fixture.h"

namespace kt::log {
namespace {

constexpr std::uint32_t kLabels = 12;

Label label_of(std::uint32_t number) { return make_label("user" + std::to_string(number)); }
Bytes value_of(std::uint32_t label) { return to_bytes("the value of " + std::to_string(label)); }

// How a child ends that looked at a damaged log.
enum Outcome : int { unharmed = 10, refused = 11, wrong = 12 };

// Looks everything up in the log at `path`, as a new user does.
Outcome look(const std::filesystem::path& path, const LogOptions& options, const Clock& clock) {
  const auto log = Log::open(path, options, clock);
  if (!log) return refused;
  Outcome outcome = unharmed;
  for (std::uint32_t label = 0; label < kLabels; ++label) {
    ClientState user((*log)->configuration());
    const auto request = user.search_request(label_of(label));
    const auto view = (*log)->view();
    if (!view) return refused;
    const auto response = keytrans::prove_search(**view, request);
    if (!response) {
      if (response.error().code == Errc::not_found) return wrong;
      outcome = refused;
      continue;
    }
    const auto verified = user.verify(request, *response, clock.now());
    if (!verified) return wrong;  // a log must not give proofs that fail
    if (verified->outcome().value != value_of(label)) return wrong;
  }
  return outcome;
}

// A bit flipped anywhere in the database, again and again: an answer is right, or there is none.
// What LMDB has no checksums for can also make the process end, which is no wrong answer either.
TEST(LogDamage, NoWrongAnswerIsEverServed) {
  const char* const given = std::getenv("KT_FLIPS");
  const int flips = given != nullptr ? static_cast<int>(std::strtol(given, nullptr, 10)) : 60;
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  LogFixture fixture;
  fixture.open();
  for (std::uint32_t label = 0; label < kLabels; ++label) {
    fixture.clock.pass(1'000);
    must(fixture.update(label_of(label), std::nullopt, {value_of(label)}));
  }
  fixture.close();
  const auto file = fixture.path() / "database" / "data.mdb";
  const auto sound = fixture.path() / "sound";
  std::filesystem::copy_file(file, sound);
  const std::uint64_t size = std::filesystem::file_size(sound);

  std::map<int, int> outcomes;
  for (int i = 0; i < flips; ++i) {
    std::filesystem::copy_file(sound, file, std::filesystem::copy_options::overwrite_existing);
    const std::uint64_t place = random() % size;
    SCOPED_TRACE("byte " + std::to_string(place));
    {
      std::fstream damaged(file, std::ios::in | std::ios::out | std::ios::binary);
      damaged.seekg(static_cast<std::streamoff>(place));
      const int before = damaged.get();
      damaged.seekp(static_cast<std::streamoff>(place));
      damaged.put(static_cast<char>(before ^ (1 << (random() % 8))));
      ASSERT_TRUE(damaged.good());
    }
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      alarm(20);  // a loop in LMDB's pages ends like a crash
      _exit(look(fixture.path(), fixture.options, fixture.clock));
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    const int outcome = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    EXPECT_NE(outcome, wrong);
    ++outcomes[outcome == unharmed || outcome == refused || outcome == wrong ? outcome : 0];
  }
  std::cout << "  " << flips << " bits flipped: " << outcomes[unharmed] << " harmless, "
            << outcomes[refused] << " refused, " << outcomes[0] << " ended the process, "
            << outcomes[wrong] << " answered wrongly\n";
}

// A record that is gone is not taken for a label that never was.
TEST(LogDamage, ALabelWhoseRecordsAreGoneIsNotDenied) {
  LogFixture fixture;
  fixture.open();
  must(fixture.update(label_of(1), std::nullopt, {value_of(1)}));
  const std::string space = fixture.log().configuration().id().hex();
  fixture.close();
  {
    const auto store = must(store::open_lmdb_store(fixture.path() / "database"));
    const store::Table versions = must(store->table(space, "versions"));
    const Label label = label_of(1);
    store::Batch batch;
    for (const std::uint8_t version : {std::uint8_t{0}, std::uint8_t{1}}) {
      Bytes key{static_cast<std::uint8_t>(label.bytes().size())};
      key.insert(key.end(), label.bytes().begin(), label.bytes().end());
      key.insert(key.end(), {0, 0, 0, version});
      ASSERT_TRUE(must(must(store->snapshot())->get(versions, key)).has_value());
      batch.erase(versions, std::move(key));
    }
    ASSERT_EQ(must(store->commit(batch)), store::Committed::ok);
  }
  fixture.open();
  const auto search = [&](const Label& label) {
    return keytrans::prove_search(*must(fixture.log().view()),
                                  fixture.newcomer().search_request(label));
  };
  const auto lost = search(label_of(1));
  ASSERT_FALSE(lost.has_value());
  EXPECT_EQ(lost.error().code, Errc::corrupt);
  const auto unknown = search(label_of(2));
  ASSERT_FALSE(unknown.has_value());
  EXPECT_EQ(unknown.error().code, Errc::not_found);
  // Nor can it be started anew.
  const auto again = fixture.update(label_of(1), std::nullopt, {value_of(2)});
  ASSERT_FALSE(again.has_value());
}

}  // namespace
}  // namespace kt::log
