#include "migration/record.h"

#include <array>
#include <utility>

#include "keytrans/codec.h"

namespace kt::migration {
namespace {

constexpr std::uint8_t kFormat = 2;
constexpr std::uint8_t kFirstFormat = 1;  // which had nothing behind the final head
constexpr std::size_t kMaxFault = 255;

constexpr std::array kTransitions{
    Transition{Mode::gradual, Phase::prepared, Phase::dual, Actor::gateway,
               "the directory document names both logs, and the labels are checked"},
    Transition{Mode::gradual, Phase::dual, Phase::sweeping, Actor::person,
               "the directory document says gradual, and whoever was asked before is answered"},
    Transition{Mode::gradual, Phase::sweeping, Phase::draining, Actor::gateway,
               "every label of the old log has a tombstone, and the new log has its final head"},
    Transition{Mode::gradual, Phase::draining, Phase::finished, Actor::person,
               "the grace period is over"},
    Transition{Mode::immediate, Phase::prepared, Phase::frozen, Actor::person,
               "the directory document names both logs, and the labels are checked"},
    Transition{Mode::immediate, Phase::frozen, Phase::populating, Actor::gateway,
               "whoever was asked before is answered"},
    Transition{Mode::immediate, Phase::populating, Phase::verifying, Actor::gateway,
               "every label is copied"},
    Transition{
        Mode::immediate, Phase::verifying, Phase::draining, Actor::gateway,
        "every value is the same in both logs, and the new log has the old one's final head"},
    Transition{Mode::immediate, Phase::draining, Phase::finished, Actor::person,
               "the grace period is over"},
};

constexpr std::array<std::pair<Phase, std::string_view>, 8> kPhases{
    {{Phase::prepared, "prepared"},
     {Phase::dual, "dual"},
     {Phase::sweeping, "sweeping"},
     {Phase::frozen, "frozen"},
     {Phase::populating, "populating"},
     {Phase::verifying, "verifying"},
     {Phase::draining, "draining"},
     {Phase::finished, "finished"}}};

// Without what the record itself says.
template <class Io, class S>
void wire_head(Io& io, S& head) {
  io.number("final_head.tree_size", head.tree_size);
  io.fixed("final_head.root", head.root, head.root.size());
}

template <class Io, class Flag>
void wire_flag(Io& io, const char* field, Flag& flag) {
  io.number(field, flag);
  io.require(flag <= 1, field, "is neither 0 nor 1");
}

// Record with members of types that are there before they are read.
struct Wire {
  Bytes domain;
  Mode mode = Mode::gradual;
  HashValue from{};
  HashValue to{};
  Phase phase = Phase::prepared;
  Timestamp started;
  Timestamp phase_since;
  std::uint32_t rate = 0;
  std::uint64_t grace_ms = 0;
  std::uint8_t is_paused = 0;
  Bytes fault;
  std::optional<Label> cursor;
  Progress progress;
  std::optional<FinalHead> final_head;
  std::uint8_t is_compromised = 0;
  std::uint64_t quiet_ms = 0;
  std::uint64_t labels = 0;
  std::uint8_t is_listed = 0;
  std::uint8_t is_checked = 0;
};

template <class Io, class S>
void wire(Io& io, S& s) {
  std::uint8_t format = kFormat;
  io.number("format", format);
  io.require(format == kFormat || format == kFirstFormat, "format", "is none that is known");
  io.template opaque<1>("domain", s.domain);
  io.enumeration("mode", s.mode, {Mode::gradual, Mode::immediate});
  io.fixed("from", s.from, s.from.size());
  io.fixed("to", s.to, s.to.size());
  io.enumeration("phase", s.phase,
                 {Phase::prepared, Phase::dual, Phase::sweeping, Phase::frozen, Phase::populating,
                  Phase::verifying, Phase::draining, Phase::finished});
  io.number("started", s.started);
  io.number("phase_since", s.phase_since);
  io.number("rate", s.rate);
  io.number("grace_ms", s.grace_ms);
  wire_flag(io, "is_paused", s.is_paused);
  io.template opaque<1>("fault", s.fault);
  io.optional("cursor", s.cursor, [](auto& in, auto& label) { in.label("cursor", label); });
  io.number("moved", s.progress.moved);
  io.number("updated", s.progress.updated);
  io.number("verified", s.progress.verified);
  io.optional("final_head", s.final_head, [](auto& in, auto& head) { wire_head(in, head); });
  if (format == kFirstFormat) return;
  wire_flag(io, "is_compromised", s.is_compromised);
  io.number("quiet_ms", s.quiet_ms);
  io.number("labels", s.labels);
  wire_flag(io, "is_listed", s.is_listed);
  wire_flag(io, "is_checked", s.is_checked);
}

}  // namespace

std::span<const Transition> transitions() { return kTransitions; }

const Transition* find_transition(Mode mode, Phase phase, Actor actor) {
  for (const Transition& each : kTransitions) {
    if (each.mode == mode && each.from == phase && each.actor == actor) return &each;
  }
  return nullptr;
}

bool may_abort(Phase phase) {
  switch (phase) {
    case Phase::prepared:
    case Phase::frozen:
    case Phase::populating:
    case Phase::verifying: return true;
    case Phase::dual:
    case Phase::sweeping:
    case Phase::draining:
    case Phase::finished: break;
  }
  return false;
}

std::string_view to_string(Mode mode) { return mode == Mode::gradual ? "gradual" : "immediate"; }

std::string_view to_string(Phase phase) {
  for (const auto& [each, name] : kPhases) {
    if (each == phase) return name;
  }
  return "unknown";
}

Result<Mode> parse_mode(std::string_view text) {
  for (const Mode mode : {Mode::gradual, Mode::immediate}) {
    if (to_string(mode) == text) return mode;
  }
  return fail(Errc::malformed, "the mode is neither gradual nor immediate");
}

Result<Bytes> Record::encode() const {
  const std::string_view shown = std::string_view(fault).substr(0, kMaxFault);
  const Wire written{to_bytes(std::string_view(domain.text())),
                     mode,
                     from.hash(),
                     to.hash(),
                     phase,
                     started,
                     phase_since,
                     rate,
                     grace_ms,
                     static_cast<std::uint8_t>(is_paused ? 1 : 0),
                     to_bytes(shown),
                     cursor,
                     progress,
                     final_head,
                     static_cast<std::uint8_t>(is_compromised ? 1 : 0),
                     quiet_ms,
                     labels,
                     static_cast<std::uint8_t>(is_listed ? 1 : 0),
                     static_cast<std::uint8_t>(is_checked ? 1 : 0)};
  keytrans::Encoder io;
  wire(io, written);
  return std::move(io).finish();
}

Result<Record> Record::decode(ByteView bytes) {
  keytrans::Decoder io(bytes);
  Wire read;
  wire(io, read);
  if (auto finished = std::move(io).finish(); !finished)
    return fail(Errc::corrupt, "the record of a migration: " + finished.error().detail);
  const std::string name(read.domain.begin(), read.domain.end());
  auto domain = federation::Domain::parse(name);
  if (!domain || domain->text() != name)
    return fail(Errc::corrupt, "the record of a migration has no domain");
  const bool is_compromised = read.is_compromised == 1;
  if (read.final_head) read.final_head->is_compromised = is_compromised;
  return Record{*std::move(domain),
                read.mode,
                LogId(read.from),
                LogId(read.to),
                read.phase,
                read.started,
                read.phase_since,
                read.rate,
                read.grace_ms,
                read.is_paused == 1,
                std::string(read.fault.begin(), read.fault.end()),
                std::move(read.cursor),
                read.progress,
                read.final_head,
                is_compromised,
                read.quiet_ms,
                read.labels,
                read.is_listed == 1,
                read.is_checked == 1};
}

std::uint64_t labels_done(const Record& record) {
  switch (record.phase) {
    case Phase::sweeping: return record.progress.moved + record.progress.updated;
    case Phase::populating: return record.progress.moved;
    case Phase::verifying: return record.progress.verified;
    case Phase::prepared:
    case Phase::dual:
    case Phase::frozen:
    case Phase::draining:
    case Phase::finished: break;
  }
  return 0;
}

Record step(const Record& record, const Transition& transition, Timestamp now) {
  KT_ASSERT(transition.mode == record.mode && transition.from == record.phase);
  Record next = record;
  next.phase = transition.to;
  next.phase_since = now;
  next.cursor.reset();
  next.is_paused = false;
  next.fault.clear();
  return next;
}

}  // namespace kt::migration
