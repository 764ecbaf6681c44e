#include "output.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

#include "program/duration.h"
#include "program/figures.h"

namespace kt::client {
namespace {

constexpr std::size_t kShownBytes = 48;

std::string_view name_of(federation::LogState state) {
  switch (state) {
    case federation::LogState::active: return "active";
    case federation::LogState::draining: return "draining";
    case federation::LogState::retired: return "retired";
  }
  return "unknown";
}

}  // namespace

void print(const Lines& lines) {
  std::size_t width = 0;
  for (const auto& line : lines) width = std::max(width, line.first.size());
  for (const auto& [name, text] : lines)
    std::printf("%-*s  %s\n", static_cast<int>(width), name.c_str(), text.c_str());
}

void print(const Json& json) { std::printf("%s\n", json.dump(2).c_str()); }

std::string moment(Timestamp time, Timestamp now) {
  const auto seconds = static_cast<std::time_t>(time.value() / 1000);
  std::tm parts{};
  std::array<char, 32> text{};
  if (gmtime_r(&seconds, &parts) == nullptr ||
      std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts) == 0)
    return std::to_string(time.value()) + " ms";
  if (time > now)
    return std::string(text.data()) + ", in " + program::format_age(elapsed_ms(now, time));
  return std::string(text.data()) + ", " + program::format_age(elapsed_ms(time, now)) + " ago";
}

std::string shown(ByteView value) {
  if (!value.empty() && value.back() == '\n') value = value.first(value.size() - 1);
  if (std::all_of(value.begin(), value.end(), [](std::uint8_t c) { return c >= ' ' && c <= '~'; }))
    return {value.begin(), value.end()};
  const std::string size = program::format_bytes(value.size());
  if (value.size() <= kShownBytes) return to_hex(value) + " (" + size + ", hexadecimal)";
  return to_hex(value.first(kShownBytes)) + "… (" + size +
         ", the first ones in hexadecimal; --output FILE has all)";
}

std::string text_of(const Label& label) { return {label.bytes().begin(), label.bytes().end()}; }

std::string_view name_of(keytrans::DeploymentMode mode) {
  using keytrans::DeploymentMode;
  switch (mode) {
    case DeploymentMode::contactMonitoring: return "contact-monitoring";
    case DeploymentMode::thirdPartyManagement: return "third-party-management";
    case DeploymentMode::thirdPartyAuditing: return "third-party-auditing";
  }
  return "unknown";
}

std::string_view name_of(DomainChange change) {
  switch (change) {
    case DomainChange::first: return "first";
    case DomainChange::same: return "same";
    case DomainChange::followed: return "followed";
    case DomainChange::held: return "held";
  }
  return "unknown";
}

std::string describe(const VerifiedTree& tree, Timestamp now) {
  std::string text = std::to_string(tree.size.value()) + " entries, the last one made " +
                     moment(tree.rightmost, now);
  if (tree.audited && tree.audited_timestamp)
    text += "; the first " + std::to_string(tree.audited->value()) + " audited, up to one made " +
            moment(*tree.audited_timestamp, now);
  return text;
}

std::string describe_log(const VerifiedTree& tree) {
  return tree.alias + " (" + tree.log.hex() + "), " + std::string(name_of(tree.mode)) + ", " +
         std::string(to_string(tree.suite));
}

std::string describe(const DomainNews& news) {
  const federation::Directory& current = news.known.current();
  const std::string epoch = std::to_string(current.epoch.value());
  switch (news.change) {
    case DomainChange::first: return current.domain.text() + " is trusted from now on";
    case DomainChange::same:
      return current.domain.text() + " still has the directory document of epoch " + epoch;
    case DomainChange::followed:
      return current.domain.text() + " has a new directory document, of epoch " + epoch +
             ", which follows the one before";
    case DomainChange::held: break;
  }
  const federation::HeldDirectory& held = *news.known.directory.held;
  return "ALARM: " + current.domain.text() + " publishes a directory document, of epoch " +
         std::to_string(held.document.directory().epoch.value()) +
         ", that none of its logs vouches for. It is not believed before " +
         moment(Timestamp{held.since.value() + federation::kHoldDownMs}, held.since) +
         "; ask the domain whether it is theirs. Until then the one of epoch " + epoch + " holds";
}

Json json_of(const VerifiedTree& tree) {
  return Json{{"log_id", tree.log.hex()},
              {"alias", tree.alias},
              {"mode", name_of(tree.mode)},
              {"suite", to_string(tree.suite)},
              {"tree_size", tree.size.value()},
              {"rightmost_timestamp", tree.rightmost.value()},
              {"audited_size", json_of(tree.audited)},
              {"audited_timestamp", json_of(tree.audited_timestamp)}};
}

Json json_of(const KnownDomain& known) {
  const federation::Directory& current = known.current();
  Json logs = Json::array();
  for (const federation::DirectoryLog& log : current.logs)
    logs.push_back({{"log_id", log.id().hex()},
                    {"alias", log.alias},
                    {"state", name_of(log.state)},
                    {"mode", name_of(log.configuration.mode())},
                    {"url", log.url.text()}});
  Json json{{"domain", current.domain.text()},
            {"epoch", current.epoch.value()},
            {"document_sha256", to_hex(known.directory.current.entry().hash)},
            {"not_before", current.not_before.value()},
            {"expires", current.expires.value()},
            {"label_rule", to_string(current.label_rule)},
            {"url", current.url.text()},
            {"source", known.source.url.text()},
            {"contact_monitoring", known.contact_policy == keytrans::ContactPolicy::always},
            {"trusted_at", known.trusted_at.value()},
            {"logs", std::move(logs)},
            {"held", nullptr}};
  if (known.directory.held)
    json["held"] = {{"epoch", known.directory.held->document.directory().epoch.value()},
                    {"since", known.directory.held->since.value()}};
  return json;
}

}  // namespace kt::client
