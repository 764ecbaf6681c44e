#include "importer.h"

#include <utility>

namespace kt::gateway {
namespace {

using keytrans::DeploymentMode;

constexpr std::size_t kMaxUnderWay = 4'000;                       // updates
constexpr std::size_t kMaxBytesUnderWay = std::size_t{64} << 20;  // of their values
constexpr std::size_t kMaxGroupVersions = 100;                    // far less than an entry can hold
constexpr std::size_t kMaxGroupBytes = std::size_t{1} << 20;

}  // namespace

Importer::~Importer() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return under_way_.empty(); });
}

std::uint64_t Importer::imported() const {
  const std::lock_guard lock(mutex_);
  return imported_;
}

bool Importer::continues_group(const LogLine& line) const {
  return group_ && group_->label == line.label && group_->next_version() == line.version.value() &&
         group_->values.size() < kMaxGroupVersions &&
         group_->bytes + line.value.size() <= kMaxGroupBytes;
}

std::optional<LineError> Importer::add(LogLine line, std::uint64_t number) {
  if (!continues_group(line)) {
    if (auto failed = flush()) return failed;
    group_.emplace();
    group_->label = std::move(line.label);
    group_->first = line.version;
    group_->first_line = number;
  }
  group_->bytes += line.value.size();
  group_->values.push_back({std::move(line.value), {std::move(line.signature)}});
  return std::nullopt;
}

std::optional<LineError> Importer::finish() {
  auto failed = flush();
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return under_way_.empty(); });
  }
  // What was refused later can stand in an earlier line.
  auto refused = first_refused();
  return refused ? refused : failed;
}

std::optional<LineError> Importer::flush() {
  if (!group_) return std::nullopt;
  auto failed = import_group();
  group_.reset();
  return failed;
}

std::optional<LineError> Importer::import_group() {
  if (auto failed = wait_for_room()) return failed;
  if (auto failed = drop_what_is_there()) return failed;
  if (group_->values.empty()) return std::nullopt;
  if (auto refused = check_first(); !refused)
    return LineError{group_->first_line, std::move(refused).error()};
  return submit();
}

std::optional<LineError> Importer::wait_for_room() {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] {
      return under_way_.empty() ||
             (under_way_.size() < kMaxUnderWay && !under_way_.contains(group_->label) &&
              bytes_under_way_ + group_->bytes <= kMaxBytesUnderWay);
    });
  }
  return first_refused();
}

// Takes the versions from the front of the group that are in the log already.
std::optional<LineError> Importer::drop_what_is_there() {
  LineGroup& group = *group_;
  const auto failure = [&group](Error error) {
    return LineError{group.first_line, std::move(error)};
  };
  auto view = log_.view();
  if (!view) return failure(std::move(view).error());
  std::size_t known = 0;
  while (known < group.values.size()) {
    const auto place = (*view)->position(group.label, group.first);
    if (!place && place.error().code == Errc::not_found) break;
    if (!place) return failure(place.error());
    const auto stored = (*view)->value(group.label, group.first);
    if (!stored && stored.error().code != Errc::not_found) return failure(stored.error());
    if (!stored)
      return failure({Errc::conflict, "this version of the label is in the log without a value"});
    if (stored->update.value != group.values[known].value)
      return failure(
          {Errc::conflict, "this version of the label is in the log with another value"});
    ++known;
    ++already_there_;
    group.first = Version{group.first.value() + 1};
    ++group.first_line;
  }
  group.values.erase(group.values.begin(),
                     group.values.begin() + static_cast<std::ptrdiff_t>(known));
  return std::nullopt;
}

// A manager inserts dummy versions for those that are skipped; others have to begin at the next
// one.
Result<void> Importer::check_first() {
  if (group_->first == Version{0} ||
      log_.configuration().mode() == DeploymentMode::thirdPartyManagement)
    return {};
  KT_TRY(const auto view, log_.view());
  const auto before = view->position(group_->label, Version{group_->first.value() - 1});
  if (before) return {};
  if (before.error().code == Errc::not_found)
    return fail(Errc::conflict, "the version before this one is not in the log");
  return tl::unexpected<Error>(before.error());
}

std::optional<LineError> Importer::submit() {
  const Submitted submitted{group_->label, group_->values.size(), group_->bytes,
                            group_->first_line};
  {
    const std::lock_guard lock(mutex_);
    under_way_.insert(submitted.label);
    bytes_under_way_ += submitted.bytes;
  }
  auto handed_over = hand_over(
      [=, this](const Result<keytrans::UpdateResponse>& answer) { answered(submitted, answer); });
  if (handed_over) return std::nullopt;
  const std::lock_guard lock(mutex_);
  under_way_.erase(submitted.label);
  bytes_under_way_ -= submitted.bytes;
  return LineError{submitted.line, std::move(handed_over).error()};
}

Result<void> Importer::hand_over(log::Log::Answer answer) {
  LineGroup& group = *group_;
  std::optional<Version> greatest;
  if (group.first > Version{0}) greatest = Version{group.first.value() - 1};
  if (log_.configuration().mode() == DeploymentMode::thirdPartyManagement) {
    // The manager is told the greatest version that there is, not the one before the first.
    const TreeSize size = log_.state().size;
    greatest.reset();
    if (size > TreeSize{0}) {
      KT_TRY(const auto view, log_.view());
      KT_TRY(greatest, view->greatest_version(group.label, rightmost(size)));
    }
    return log_.submit(
        keytrans::ManagerUpdateRequest{std::nullopt, std::move(group.label), greatest,
                                       std::move(group.values), group.first},
        std::move(answer));
  }
  keytrans::UpdateRequest request{std::nullopt, std::move(group.label), greatest, {}};
  for (keytrans::UpdateValue& value : group.values)
    request.values.push_back({std::move(value.value)});
  return log_.submit(std::move(request), std::move(answer));
}

void Importer::answered(const Submitted& submitted,
                        const Result<keytrans::UpdateResponse>& answer) {
  const std::lock_guard lock(mutex_);
  if (answer && answer->values.empty()) {
    imported_ += submitted.versions;
  } else if (!refused_ || submitted.line < refused_->line) {
    refused_ =
        LineError{submitted.line,
                  answer ? Error{Errc::conflict, "somebody else updates the log"} : answer.error()};
  }
  under_way_.erase(submitted.label);
  bytes_under_way_ -= submitted.bytes;
  changed_.notify_all();
}

std::optional<LineError> Importer::first_refused() const {
  const std::lock_guard lock(mutex_);
  return refused_;
}

}  // namespace kt::gateway
