#include "migrate_verify.h"

#include <utility>

#include "federation/tombstone.h"
#include "keytrans/base64url.h"
#include "keytrans/consistency.h"
#include "log_line.h"

namespace kt::gateway {
namespace {

using Json = nlohmann::json;
using keytrans::ClientState;

tl::unexpected<Error> bad_page(const std::string& what) {
  return fail(Errc::verification_failed, "the gateway's page: " + what);
}

Result<std::optional<Bytes>> bytes_in(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end()) return std::nullopt;
  if (!found->is_string()) return bad_page(std::string(name) + " is no text");
  auto bytes = from_base64url(found->get<std::string>());
  if (!bytes) return bad_page(std::string(name) + " is not base64url");
  return bytes;
}

Result<ClientState> state_of(const Json& page, const char* name, const LogId& id) {
  KT_TRY(const auto bytes, bytes_in(page, name));
  if (!bytes) return bad_page(std::string(name) + " is missing");
  KT_TRY(auto wire, keytrans::decode<keytrans::Configuration>(*bytes));
  KT_TRY(auto configuration, keytrans::LogConfiguration::create(std::move(wire)));
  if (configuration.id() != id) return bad_page("the configuration is another log's");
  return ClientState(std::move(configuration));
}

// For people, on one line.
std::string shown(const Label& label) {
  try {
    return Json(std::string(label.bytes().begin(), label.bytes().end())).dump();
  } catch (const Json::type_error&) {  // not UTF-8
    return format_label_line(label);
  }
}

}  // namespace

struct MigrationVerifier::Found {
  Version version;
  Bytes value;
};

PageRequest MigrationVerifier::next() const {
  PageRequest request{after_, std::nullopt, std::nullopt};
  if (from_) request.from_last = from_->last();
  if (to_) request.to_last = to_->last();
  return request;
}

void MigrationVerifier::note_fault(const std::string& about, const std::string& what) {
  ++report_.faults;
  if (report_.shown.size() < kMaxShown) report_.shown.push_back(about + ": " + what);
}

Result<void> MigrationVerifier::prepare(const Json& page) {
  if (!page.is_object() || !page.contains("labels") || !page["labels"].is_array() ||
      page["labels"].size() > kPageLabels)
    return bad_page("it is none");
  if (!from_) {
    KT_TRY(from_, state_of(page, "from", from_id_));
    KT_TRY(to_, state_of(page, "to", to_id_));
  }
  from_after_ = from_;
  to_after_ = to_;
  return {};
}

// Verifies a search. What it shows of the log's tree is what the next page has to continue.
Result<std::optional<MigrationVerifier::Found>> MigrationVerifier::find(
    const Json& json, const char* name, ClientState& state, const Label& label,
    std::optional<Version> version, Timestamp now) {
  KT_TRY(const auto bytes, bytes_in(json, name));
  if (!bytes) return std::nullopt;
  const ClientState& before = &state == &*from_after_ ? *from_ : *to_;
  KT_TRY(const auto response, keytrans::decode<keytrans::SearchResponse>(
                                  *bytes, before.configuration().context(version.has_value())));
  ClientState next = before;
  KT_TRY(auto verified, next.verify(next.search_request(label, version), response, now));
  KT_TRY(auto outcome, next.apply(std::move(verified)));
  next.forget(label);  // nobody monitors for a report
  if (!state.last() || *next.last() >= *state.last()) state = std::move(next);
  return Found{outcome.version, std::move(outcome.value)};
}

// Counts the label, or says what is wrong with it.
Result<void> MigrationVerifier::judge(const Json& json, const Label& label, Timestamp now) {
  KT_TRY(const auto greatest, find(json, kPageFrom, *from_after_, label, std::nullopt, now));
  KT_TRY(const auto there, find(json, kPageTo, *to_after_, label, std::nullopt, now));
  KT_TRY(const auto first, there && there->version > Version{0}
                               ? find(json, kPageToFirst, *to_after_, label, Version{0}, now)
                               : Result<std::optional<Found>>(there));
  if (!greatest) return fail(Errc::verification_failed, "the old log does not answer for it");
  if (there && !first)
    return fail(Errc::verification_failed, "the new log does not show the first version");
  KT_TRY(const bool has_moved, federation::has_moved(greatest->value, to_id_));
  if (has_moved && !is_gradual_)
    return fail(Errc::verification_failed, "there is a tombstone in a migration without any");
  if (has_moved && !there)
    return fail(Errc::verification_failed, "it has moved, and the new log does not have it");
  std::optional<Found> before = greatest;
  if (!has_moved && is_gradual_ && there && greatest->version > Version{0}) {
    KT_TRY(const auto previous, find(json, kPageFromBefore, *from_after_, label,
                                     Version{greatest->version.value() - 1}, now));
    if (!previous)
      return fail(Errc::verification_failed,
                  "the old log does not show the version before its last");
    KT_TRY(const bool had_moved, federation::has_moved(previous->value, to_id_));
    if (had_moved)
      return fail(Errc::verification_failed,
                  "its tombstone was taken away: there is a version after it");
  }
  if (has_moved) {
    before.reset();
    if (greatest->version > Version{0}) {
      KT_TRY(before, find(json, kPageFromBefore, *from_after_, label,
                          Version{greatest->version.value() - 1}, now));
      if (!before)
        return fail(Errc::verification_failed, "the old log does not show its last value");
      KT_TRY(const bool twice, federation::has_moved(before->value, to_id_));
      if (twice) return fail(Errc::verification_failed, "it has two tombstones");
    }
  }
  const bool is_equal = first && before && first->value == before->value;
  if (!there || (is_gradual_ && !has_moved)) {
    note_waiting(label);
  } else if (is_equal) {
    ++report_.moved;
  } else if (has_moved) {
    ++report_.updated;
  } else {
    return fail(Errc::verification_failed, "the first value in the new log is another one");
  }
  return {};
}

void MigrationVerifier::note_waiting(const Label& label) {
  ++report_.waiting;
  if (waiting_.size() < kMaxShown) waiting_.push_back(shown(label));
}

void MigrationVerifier::judge_end(const Json& page, const Bytes& recorded, Timestamp now) {
  for (const std::string& label : waiting_)
    note_fault(label,
               "it was left out when labels moved: the new log does not have it, or nobody is "
               "told that it has");
  report_.faults += report_.waiting - waiting_.size();
  report_.waiting = 0;
  waiting_.clear();
  if (const auto judged = judge_final_head(page, recorded, now); !judged)
    note_fault("the final head", judged.error().detail);
}

// It is what the new log has, and what the old log's tree begins with.
Result<void> MigrationVerifier::judge_final_head(const Json& page, const Bytes& recorded,
                                                 Timestamp now) {
  KT_TRY(const auto logged, find(page, "logged_final_head", *to_after_,
                                 federation::final_head_label(from_id_), std::nullopt, now));
  if (!logged || logged->value != recorded)
    return fail(Errc::verification_failed, "the new log has another one, or none");
  KT_TRY(const auto head, migration::FinalHead::decode(recorded));
  KT_TRY(const auto bytes, bytes_in(page, kPageFinalHeadProof));
  if (!bytes) return fail(Errc::verification_failed, "the old log does not prove it");
  KT_TRY(const auto response, keytrans::decode_consistency_response(*bytes));
  // Of the tree that the page was asked for.
  KT_TRY(const HashValue root,
         keytrans::verify_consistency(from_->configuration(), from_->view(),
                                      {from_->last(), head.tree_size}, response));
  if (root != head.root)
    return fail(Errc::verification_failed, "the old log has another history than it says");
  if (head.is_compromised && response.tree_head.tree_size > head.tree_size)
    return fail(Errc::verification_failed,
                "the old log has signed entries after it, although others may have its keys");
  return {};
}

Result<bool> MigrationVerifier::take(const Json& page, Timestamp now) {
  KT_TRY(prepare(page));
  for (const Json& json : page["labels"]) {
    if (!json.is_object()) return bad_page("a label is no object");
    KT_TRY(const auto bytes, bytes_in(json, kPageLabel));
    if (!bytes) return bad_page("a label is missing");
    KT_TRY(const Label label, Label::create(*bytes));
    if (const auto judged = judge(json, label, now); !judged)
      note_fault(shown(label), judged.error().detail);
  }
  KT_TRY(const auto recorded, bytes_in(page, "final_head"));
  if (recorded) judge_end(page, *recorded, now);
  from_ = from_after_;
  to_ = to_after_;
  KT_TRY(const auto after, bytes_in(page, "after"));
  if (!after) return false;
  KT_TRY(after_, Label::create(*after));
  return true;
}

}  // namespace kt::gateway
