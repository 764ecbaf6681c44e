#include "published_here.h"

#include <algorithm>

#include "keytrans/hash.h"
#include "log_states.h"
#include "sent.h"

namespace kt::client {
namespace {

Cell cell_of_sent(const federation::Domain& domain, const Label& label) {
  Bytes key = to_bytes(keytrans::sha256(to_bytes(std::string_view(domain.text()))));
  const HashValue hash = keytrans::sha256(label.bytes());
  key.insert(key.end(), hash.begin(), hash.end());
  return {"sent", std::move(key)};
}

Result<Sent> read(const std::optional<Bytes>& stored) {
  if (!stored) return Sent{};
  return Sent::decode(*stored);
}

// Has `edit` change what is known, and returns what it returns.
template <class Edit>
Result<bool> change(const Session& session, const federation::Domain& domain, const Label& label,
                    Edit edit) {
  const Cell cell = cell_of_sent(domain, label);
  for (int i = 0; i < kAttempts; ++i) {
    KT_TRY(const auto stored, session.state.read(cell));
    KT_TRY(Sent sent, read(stored));
    const bool outcome = edit(sent);
    std::optional<Bytes> after;
    if (!sent.values.empty() || !sent.found.empty()) {
      KT_TRY(after, sent.encode());
    }
    if (after == stored) return outcome;
    KT_TRY(const bool is_written, session.state.write({{cell, stored, std::move(after)}}));
    if (is_written) return outcome;
  }
  return overtaken();
}

template <class T>
void keep_last(std::vector<T>& all, std::size_t most) {
  if (all.size() > most) all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(most));
}

template <class T>
bool has(const std::vector<T>& all, const T& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

// Its hash is not that of the value: the same value may be sent later, and be a version of its own.
FoundValue copy_in(const LogId& log, const Bytes& value) {
  return {log.hash(), Version{0},
          keytrans::sha256({to_bytes(std::string_view("copy")), keytrans::sha256(value)})};
}

}  // namespace

Result<void> note_sent(const Session& session, const federation::Domain& domain, const Label& label,
                       const Bytes& value) {
  const HashValue hash = keytrans::sha256(value);
  KT_TRY(change(session, domain, label, [&hash](Sent& sent) {
    if (!has(sent.values, hash)) sent.values.push_back(hash);
    keep_last(sent.values, Sent::kMaxValues);
    return true;
  }));
  return {};
}

Result<void> note_settled(const Session& session, const federation::Domain& domain,
                          const Label& label) {
  KT_TRY(change(session, domain, label, [](Sent& sent) {
    sent.values.clear();
    return true;
  }));
  return {};
}

Result<std::optional<Version>> find_unsettled(const Session& session,
                                              const federation::Domain& domain, const Label& label,
                                              const LogId& log, const Bytes& value) {
  KT_TRY(const auto stored, session.state.read(cell_of_sent(domain, label)));
  KT_TRY(const Sent sent, read(stored));
  const HashValue hash = keytrans::sha256(value);
  if (!has(sent.values, hash)) return std::nullopt;
  for (const FoundValue& each : sent.found) {
    if (each.log == log.hash() && each.value == hash) return each.version;
  }
  return std::nullopt;
}

Result<void> note_copied(const Session& session, const federation::Domain& domain,
                         const Label& label, const LogId& log, const Bytes& value) {
  const FoundValue copy = copy_in(log, value);
  KT_TRY(change(session, domain, label, [&copy](Sent& sent) {
    if (!has(sent.found, copy)) sent.found.push_back(copy);
    keep_last(sent.found, Sent::kMaxFound);
    return true;
  }));
  return {};
}

Result<bool> is_published_here(const Session& session, const federation::Domain& domain,
                               const Label& label, const LogId& log, Version version,
                               const Bytes& value) {
  const FoundValue found{log.hash(), version, keytrans::sha256(value)};
  const FoundValue copy = copy_in(log, value);
  return change(session, domain, label, [&found, &copy](Sent& sent) {
    if (found.version == copy.version && has(sent.found, copy)) return true;
    bool is_other = false;
    for (const FoundValue& each : sent.found) {
      if (each == found) return true;
      is_other |= each.log == found.log && each.value == found.value;
    }
    if (is_other || !has(sent.values, found.value)) return false;
    sent.found.push_back(found);
    keep_last(sent.found, Sent::kMaxFound);
    return true;
  });
}

}  // namespace kt::client
