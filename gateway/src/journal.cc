#include "journal.h"

#include <array>
#include <ctime>

#include <nlohmann/json.hpp>

#include "log/clock.h"

namespace kt::gateway {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kCommand = "ktgate serve: ";
constexpr std::string_view kNone = "-";

// RFC 3339, in UTC with milliseconds.
std::string time_of(Timestamp now) {
  const auto seconds = static_cast<std::time_t>(now.value() / 1000);
  std::tm parts{};
  std::array<char, 32> text{};
  if (gmtime_r(&seconds, &parts) == nullptr ||
      std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts) == 0)
    return std::string(kNone);
  std::string milliseconds = std::to_string(1000 + now.value() % 1000);
  milliseconds.front() = '.';
  return text.data() + milliseconds + "Z";
}

std::string printable(std::string_view text) {
  std::string shown(text);
  for (char& c : shown) {
    if (c < ' ' || c > '~') c = '?';
  }
  return shown;
}

Json json_line(Timestamp now, Severity severity) {
  return {{"time", time_of(now)}, {"level", to_string(severity)}};
}

std::string text_line(Timestamp now, Severity severity, std::string_view what) {
  std::string line = time_of(now);
  line.append(" ").append(to_string(severity)).append(" ").append(kCommand);
  return line.append(what).append("\n");
}

// Microseconds, for people.
std::string duration_of(std::chrono::nanoseconds time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(time).count()) + "us";
}

}  // namespace

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::info: return "info";
    case Severity::warning: return "warning";
    case Severity::error: return "error";
  }
  return "unknown";
}

std::string event_line(JournalFormat format, Timestamp now, Severity severity,
                       std::string_view what) {
  const std::string shown = printable(what);
  if (format == JournalFormat::text) return text_line(now, severity, shown);
  Json json = json_line(now, severity);
  json["message"] = shown;
  return json.dump() + "\n";
}

std::string answer_line(JournalFormat format, Timestamp now, std::string_view method,
                        std::string_view path, const Answered& answered) {
  if (format == JournalFormat::text) {
    std::string what = "answered ";
    what.append(method.empty() ? kNone : method).append(" ").append(path.empty() ? kNone : path);
    what += " " + std::to_string(answered.status) + " ";
    what.append(answered.time ? duration_of(*answered.time) : std::string(kNone));
    what += " " + std::to_string(answered.bytes) + "B";
    return text_line(now, Severity::info, what);
  }
  Json json = json_line(now, Severity::info);
  json["message"] = "answered";
  json["method"] = method.empty() ? Json() : Json(method);
  json["endpoint"] = path.empty() ? Json() : Json(path);
  json["status"] = answered.status;
  json["seconds"] =
      answered.time ? Json(std::chrono::duration<double>(*answered.time).count()) : Json();
  json["bytes"] = answered.bytes;
  return json.dump() + "\n";
}

Journal::Journal(const JournalConfiguration& configuration,
                 const std::vector<ApiOperation>& operations, std::FILE* out)
    : operations_([&operations] {
        std::map<std::string, Described, std::less<>> described;
        for (const ApiOperation& each : operations)
          described.emplace(each.name,
                            Described{each.method == Method::get ? "GET" : "POST", each.path});
        return described;
      }()),
      out_(out),
      format_(configuration.format),
      notes_answers_(configuration.answers) {}

void Journal::configure(const JournalConfiguration& configuration) {
  const std::lock_guard lock(mutex_);
  format_ = configuration.format;
  notes_answers_ = configuration.answers;
}

void Journal::say(Severity severity, std::string_view what) {
  const std::lock_guard lock(mutex_);
  write(event_line(format_, log::system_clock().now(), severity, what));
}

void Journal::note(const Answered& answered) {
  if (!notes_answers_) return;
  const auto found = operations_.find(answered.endpoint);
  const Described described = found == operations_.end() ? Described{} : found->second;
  const std::lock_guard lock(mutex_);
  write(
      answer_line(format_, log::system_clock().now(), described.method, described.path, answered));
}

// In one piece, so that no other line comes in between.
void Journal::write(const std::string& line) const {
  static_cast<void>(std::fwrite(line.data(), 1, line.size(), out_));
  std::fflush(out_);
}

}  // namespace kt::gateway
