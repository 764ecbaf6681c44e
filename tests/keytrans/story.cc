#include "story.h"

namespace kt::keytrans {
namespace {

Configuration configuration_of(CipherSuite suite, DeploymentMode mode, Plot plot) {
  Configuration configuration = test_configuration(suite, mode);
  configuration.max_ahead = 5'000;
  if (plot == Plot::expiring) configuration.maximum_lifetime = 5'000;
  return configuration;
}

}  // namespace

std::vector<Story::Entry> Story::entries_of(Plot plot) {
  const std::vector<std::uint64_t> timestamps =
      plot == Plot::expiring
          ? std::vector<std::uint64_t>{1'000, 2'000,  3'000,  4'000,  5'000,  6'000,  7'000,
                                       8'000, 12'000, 13'000, 13'100, 13'200, 13'300, 13'400}
          : std::vector<std::uint64_t>{1'000, 2'000, 3'000, 4'000, 5'000, 6'000, 7'000,
                                       8'000, 8'100, 8'200, 8'300, 8'400, 9'300, 20'000};
  std::vector<Entry> entries;
  for (const std::uint64_t timestamp : timestamps) entries.push_back({timestamp, 0});
  switch (plot) {
    case Plot::plain: entries[2].versions = entries[5].versions = entries[9].versions = 1; break;
    case Plot::single: entries[9].versions = 1; break;
    case Plot::paired:
      entries[5].versions = 2;
      entries[9].versions = 1;
      break;
    case Plot::crowded:
      entries[2].versions = 5;
      entries[9].versions = 4;
      break;
    case Plot::expiring:
      entries[9].versions = 1;
      entries[10].versions = 2;
      break;
  }
  return entries;
}

Story::Story(CipherSuite suite, DeploymentMode mode, Plot plot)
    : entries_(entries_of(plot)), log_(configuration_of(suite, mode, plot)) {}

void Story::grow_to(std::uint64_t size) {
  while (log().size().value() < size) {
    const Entry& entry = entries_.at(log().size().value());
    const bool ours = entry.versions > 0;
    log_.append(Timestamp{entry.timestamp},
                {{ours ? label_ : other_, ours ? entry.versions : std::size_t{1}}});
  }
}

void Story::append(Timestamp timestamp) { log_.append(timestamp, {{label_}}); }

Timestamp Story::now() const {
  return must(log_.log().entry(rightmost(log_.log().size()))).timestamp;
}

ClientState Story::newcomer() const {
  return ClientState(configuration(), ContactPolicy::always, RecentPolicy::rightmost(4));
}

ClientState Story::visitor(std::uint64_t size) {
  grow_to(size);
  ClientState state = newcomer();
  perform(state, state.distinguished_request());
  return state;
}

ClientState Story::owner(std::uint64_t size, EntryIndex start) {
  grow_to(size);
  ClientState state = newcomer();
  perform(state, state.owner_init_request(label_, start));
  return state;
}

SearchResponse Story::answer(const SearchRequest& request) const {
  return must(prove_search(log_.log(), request));
}

ContactMonitorResponse Story::answer(const ContactMonitorRequest& request) const {
  return must(prove_contact_monitor(log_.log(), request));
}

OwnerInitResponse Story::answer(const OwnerInitRequest& request) const {
  return must(prove_owner_init(log_.log(), request));
}

OwnerMonitorResponse Story::answer(const OwnerMonitorRequest& request) const {
  return must(prove_owner_monitor(log_.log(), request));
}

DistinguishedResponse Story::answer(const DistinguishedRequest& request) const {
  return must(prove_distinguished(log_.log(), request, RecentPolicy::rightmost(4)));
}

UpdateResponse Story::answer(const UpdateRequest& request) {
  return must(log().update(request, Timestamp{now().value() + 100}));
}

}  // namespace kt::keytrans
