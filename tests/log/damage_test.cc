// A database in which something changed that nobody wrote.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <future>
#include <iostream>
#include <iterator>
#include <map>
#include <random>
#include <span>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "log_fixture.h"
#include "random_source.h"

namespace kt::log {
namespace {

constexpr std::uint32_t kLabels = 12;

Label label_of(std::uint32_t number) { return make_label("user" + std::to_string(number)); }
Bytes value_of(std::uint32_t label) { return to_bytes("the value of " + std::to_string(label)); }
Bytes old_value() { return to_bytes("the value before the last one"); }
Bytes new_value() { return to_bytes("the value after the damage"); }

// --- What a damaged log answers --------------------------------------------------------------

// How a child ends that looked at a damaged log.
enum Outcome : int { unharmed = 10, refused = 11, wrong = 12 };

// Looks everything up in the log, as a new user does. The first label has one of the values
// `first`.
Outcome look(Log& log, const Clock& clock, const std::vector<Bytes>& first) {
  Outcome outcome = unharmed;
  for (std::uint32_t label = 0; label < kLabels; ++label) {
    ClientState user(log.configuration());
    const auto request = user.search_request(label_of(label));
    const auto view = log.view();
    if (!view) return refused;
    const auto response = keytrans::prove_search(**view, request);
    if (!response) {
      if (response.error().code == Errc::not_found) return wrong;
      outcome = refused;
      continue;
    }
    const auto verified = user.verify(request, *response, clock.now());
    if (!verified) return wrong;  // a log must not give proofs that fail
    const Bytes& value = verified->outcome().value;
    const bool is_right =
        label == 0 ? std::ranges::find(first, value) != first.end() : value == value_of(label);
    if (!is_right) return wrong;
  }
  return outcome;
}

// Whether the log acknowledges a new version of the first label.
bool update(Log& log) {
  std::promise<bool> acknowledged;
  const auto submitted =
      log.submit(keytrans::UpdateRequest{std::nullopt, label_of(0), Version{1}, {{new_value()}}},
                 [&acknowledged](const Result<keytrans::UpdateResponse>& answer) {
                   acknowledged.set_value(answer.has_value());
                 });
  return submitted.has_value() && acknowledged.get_future().get();
}

// Looks at the log at `path`, and again after an update, which may be refused.
Outcome look_and_update(const std::filesystem::path& path, const LogOptions& options,
                        const Clock& clock) {
  const auto log = Log::open(path, options, clock);
  if (!log) return refused;
  const Outcome before = look(**log, clock, {value_of(0)});
  if (before == wrong) return wrong;
  std::vector<Bytes> first{new_value()};
  const bool is_updated = update(**log);
  if (!is_updated) first.push_back(value_of(0));
  const Outcome after = look(**log, clock, first);
  if (after == wrong) return wrong;
  return before == unharmed && is_updated ? after : refused;
}

// --- Damage ----------------------------------------------------------------------------------

using Random = std::mt19937_64;
constexpr std::size_t kPage = 4096;

std::span<std::uint8_t> random_page(Bytes& file, Random& random) {
  return std::span(file).subspan(random() % (file.size() / kPage) * kPage, kPage);
}

void flip_a_bit(Bytes& file, Random& random) {
  file[random() % file.size()] ^= static_cast<std::uint8_t>(1U << random() % 8);
}

void cut_off(Bytes& file, Random& random) { file.resize(random() % file.size()); }

// What was never written of a file that has its length.
void lose_the_end(Bytes& file, Random& random) {
  const std::size_t start = random() % file.size();
  std::fill(file.begin() + static_cast<std::ptrdiff_t>(start), file.end(), std::uint8_t{0});
}

void lose_a_page(Bytes& file, Random& random) {
  std::ranges::fill(random_page(file, random), std::uint8_t{0});
}

void overwrite_a_page(Bytes& file, Random& random) {
  for (std::uint8_t& octet : random_page(file, random)) octet = static_cast<std::uint8_t>(random());
}

// A page that was written to the place of another one, perhaps of what it is to replace.
void misplace_a_page(Bytes& file, Random& random) {
  const auto from = random_page(file, random);
  const auto to = random_page(file, random);
  std::ranges::copy(Bytes(from.begin(), from.end()), to.begin());
}

struct Damage {
  const char* name;
  void (*make)(Bytes& file, Random& random);
};
constexpr std::array kDamages{Damage{"BitFlipped", flip_a_bit},
                              Damage{"CutOff", cut_off},
                              Damage{"EndLost", lose_the_end},
                              Damage{"PageLost", lose_a_page},
                              Damage{"PageOverwritten", overwrite_a_page},
                              Damage{"PageMisplaced", misplace_a_page}};

class DamagedLog : public ::testing::TestWithParam<Damage> {
 protected:
  DamagedLog() {
    fixture_.open();
    for (std::uint32_t label = 0; label < kLabels; ++label) {
      fixture_.clock.pass(1'000);
      must(fixture_.update(label_of(label), std::nullopt, {old_value()}));
    }
    for (std::uint32_t label = 0; label < kLabels; ++label) {
      fixture_.clock.pass(1'000);
      must(fixture_.update(label_of(label), Version{0}, {value_of(label)}));
    }
    fixture_.close();
    database_ = read(fixture_.path() / "database" / "data.mdb");
    head_ = read(fixture_.path() / "head");
  }

  // What a log says of `database`; 0 if the process that asks it ends.
  int outcome_of(const Bytes& database) {
    write(fixture_.path() / "database" / "data.mdb", database);
    write(fixture_.path() / "head", head_);
    const pid_t child = fork();
    if (child == 0) {
      alarm(20);  // a loop in LMDB's pages ends like a crash
      _exit(look_and_update(fixture_.path(), fixture_.options, fixture_.clock));
    }
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    const int outcome = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    return outcome == unharmed || outcome == refused || outcome == wrong ? outcome : 0;
  }

  [[nodiscard]] const Bytes& sound_database() const { return database_; }

 private:
  static Bytes read(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  static void write(const std::filesystem::path& path, const Bytes& bytes) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    ASSERT_TRUE(file.good());
  }

  LogFixture fixture_;
  Bytes database_;
  Bytes head_;
};

INSTANTIATE_TEST_SUITE_P(, DamagedLog, ::testing::ValuesIn(kDamages),
                         [](const auto& damage) { return std::string(damage.param.name); });

// The database is damaged somewhere, again and again: an answer is right, or there is none. What
// LMDB has no checksums for can also make the process end, which is no wrong answer either.
// KT_DAMAGES in the environment says how often.
TEST_P(DamagedLog, AnswersRightlyOrNotAtAll) {
  const char* const given = std::getenv("KT_DAMAGES");
  const long times = given != nullptr ? std::strtol(given, nullptr, 10) : 30;
  Random random(RandomSource::pick_seed());
  ASSERT_EQ(outcome_of(sound_database()), unharmed);
  std::map<int, int> outcomes;
  for (long i = 0; i < times; ++i) {
    Bytes damaged = sound_database();
    GetParam().make(damaged, random);
    const int outcome = outcome_of(damaged);
    EXPECT_NE(outcome, wrong) << "at the " << i + 1 << ". time";
    ++outcomes[outcome];
  }
  std::cout << "  " << times << " times: " << outcomes[unharmed] << " harmless, "
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

// Nor is a version, found when the end of a file was lost: the versions after it are there.
TEST(LogDamage, AVersionWhoseRecordIsGoneIsNotDenied) {
  LogFixture fixture;
  fixture.open();
  must(fixture.update(label_of(1), std::nullopt, {old_value()}));
  must(fixture.update(label_of(1), Version{0}, {value_of(1)}));
  const std::string space = fixture.log().configuration().id().hex();
  fixture.close();
  {
    const auto store = must(store::open_lmdb_store(fixture.path() / "database"));
    const store::Table versions = must(store->table(space, "versions"));
    const Label label = label_of(1);
    Bytes key{static_cast<std::uint8_t>(label.bytes().size())};
    key.insert(key.end(), label.bytes().begin(), label.bytes().end());
    key.insert(key.end(), {0, 0, 0, 0});
    ASSERT_TRUE(must(must(store->snapshot())->get(versions, key)).has_value());
    store::Batch batch;
    batch.erase(versions, std::move(key));
    ASSERT_EQ(must(store->commit(batch)), store::Committed::ok);
  }
  fixture.open();
  const auto code = [&](std::optional<Version> version) {
    const auto response = keytrans::prove_search(
        *must(fixture.log().view()), fixture.newcomer().search_request(label_of(1), version));
    return response ? "none" : to_string(response.error().code);
  };
  EXPECT_EQ(code(std::nullopt), "corrupt");
  EXPECT_EQ(code(Version{0}), "corrupt");
  EXPECT_EQ(code(Version{1}), "corrupt");
  EXPECT_EQ(code(Version{2}), "not_found");
}

}  // namespace
}  // namespace kt::log
