// A small log whose entries are planned, so that it is known beforehand which of them are
// distinguished or expired and where a search ends.
//
// Entries 0 to 7 are a Reasonable Monitoring Window apart, so all of them are distinguished.
// Later ones follow each other closely, so they are not, until entry 11 becomes distinguished with
// entry 12, and 12 and 13 with entry 13. Everything throws on failure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "keytrans/client_state.h"
#include "test_log.h"

namespace kt::keytrans {

enum class Plot : std::uint8_t {
  plain,     // the label's versions: 0 in entry 2, 1 in entry 5, 2 in entry 9
  single,    // 0 in entry 9
  paired,    // 0 and 1 in entry 5, 2 in entry 9
  crowded,   // 0 to 4 in entry 2, 5 to 8 in entry 9
  expiring,  // 0 in entry 9, 1 and 2 in entry 10; with entry 8, everything before it expires
};

class Story {
 public:
  Story(CipherSuite suite, DeploymentMode mode, Plot plot = Plot::plain);

  [[nodiscard]] const Label& label() const { return label_; }
  [[nodiscard]] MemoryLog& log() { return log_.log(); }
  [[nodiscard]] const LogConfiguration& configuration() const { return log_.configuration(); }
  [[nodiscard]] WireContext context(bool version_requested = false) const {
    return configuration().context(version_requested);
  }

  // Appends planned entries until the log has `size` of them, at most kEntries.
  static constexpr std::uint64_t kEntries = 14;
  void grow_to(std::uint64_t size);
  // Appends an entry that was not planned, with one new version of the label.
  void append(Timestamp timestamp);

  // The timestamp of the rightmost entry, which is what the clock says too.
  [[nodiscard]] Timestamp now() const;

  // A user who monitors in every mode and keeps the four rightmost distinguished entries.
  [[nodiscard]] ClientState newcomer() const;
  // A newcomer who walked the distinguished entries of the log when it had `size` entries.
  [[nodiscard]] ClientState visitor(std::uint64_t size);
  // A newcomer who took the label over at `start` when the log had `size` entries.
  [[nodiscard]] ClientState owner(std::uint64_t size, EntryIndex start);

  // The log's answers.
  [[nodiscard]] SearchResponse answer(const SearchRequest& request) const;
  [[nodiscard]] ContactMonitorResponse answer(const ContactMonitorRequest& request) const;
  [[nodiscard]] OwnerInitResponse answer(const OwnerInitRequest& request) const;
  [[nodiscard]] OwnerMonitorResponse answer(const OwnerMonitorRequest& request) const;
  [[nodiscard]] DistinguishedResponse answer(const DistinguishedRequest& request) const;
  // Creates the versions that are asked for, one window's part after the rightmost entry.
  [[nodiscard]] UpdateResponse answer(const UpdateRequest& request);

  // Asks, verifies and applies.
  template <class Request>
  auto perform(ClientState& state, const Request& request) {
    const auto response = answer(request);
    return must(state.apply(must(state.verify(request, response, now()))));
  }

 private:
  struct Entry {
    std::uint64_t timestamp;
    std::size_t versions;  // new ones of the label; without, another label gets one
  };
  [[nodiscard]] static std::vector<Entry> entries_of(Plot plot);

  Label label_ = make_label("alice@example.com");
  Label other_ = make_label("bob@example.com");
  std::vector<Entry> entries_;
  TestLog log_;
};

}  // namespace kt::keytrans
