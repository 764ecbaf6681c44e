// The command line of a program: its commands with their options, which one is to run, and how that
// ends.
//
// It is described first, then run:
//
//   CommandLine line("kt", "1.0", "Looks keys up.");
//   const Command command = line.root().add_command("get", "Prints a key.");
//   command.add_text("LABEL", options->label, "Whose").required();
//   command.runs([options] { return get(*options); });
//   return line.run(argc, argv);
//
// An option whose name begins with dashes is named on the command line, the others are given by
// their place. What options write to is borrowed; the function given to runs(), which lives as long
// as the CommandLine, is the place to own it. A Command and an Option are references to parts of a
// CommandLine.
//
// command_line.cc is the only file that knows CLI11, which takes long to compile.
//
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "keytrans/result.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace kt::program {

// Exit codes, which scripts rely on: docs/operating-logs.md.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;         // what was asked for did not happen
inline constexpr int kUsage = 2;          // nothing was tried: the command line makes no sense
inline constexpr int kInterrupted = 130;  // SIGINT or SIGTERM; what was under way was finished

// What a command does. The result is the exit code; an error's detail is said on stderr.
using Action = std::function<Result<int>()>;

// The exit code of an error.
using ExitCodes = std::function<int(Errc code)>;

// Whether options that are right each by itself make sense together. The detail of an error begins
// with the names of those that do not.
using Check = std::function<Result<void>()>;

// Takes the text of an option. The detail of an error goes on after the option's name.
using Take = std::function<Result<void>(const std::string& text)>;

class Option {
 public:
  Option required() const;
  // Makes no sense without `other`.
  Option needs(const Option& other) const;
  // What the help text calls the option's text.
  Option type_name(const std::string& name) const;

  // Whether the command line has it. Requires: called by an Action or a Check.
  [[nodiscard]] bool is_given() const;

 private:
  friend class Command;
  explicit Option(CLI::Option* option) : option_(option) {}

  CLI::Option* option_;
};

class Command {
 public:
  // A command below this one, which the footer of this one is handed down to.
  Command add_command(const std::string& name, const std::string& help) const;
  // What the help text ends with, in the place of what was handed down.
  void set_footer(const std::string& text) const;

  Option add_flag(const std::string& name, bool& flag, const std::string& help) const;
  Option add_text(const std::string& name, std::string& text, const std::string& help) const;
  Option add_path(const std::string& name, std::filesystem::path& path,
                  const std::string& help) const;
  // A whole number, in decimal digits, of at most `most`.
  Option add_number(const std::string& name, std::uint64_t& number, std::uint64_t most,
                    const std::string& help) const;
  // A duration of more than nothing: duration.h.
  Option add_duration(const std::string& name, std::uint64_t& milliseconds,
                      const std::string& help) const;
  // One of the names in `choices`, which is borrowed.
  template <class T>
  Option add_choice(const std::string& name, const std::map<std::string, T>& choices, T& chosen,
                    const std::string& help) const;
  Option add_parsed(const std::string& name, Take take, const std::string& help) const;

  // What happens when the command line ends with this command. What `check` refuses is not run.
  void runs(Action action, Check check = nullptr) const;

 private:
  friend class CommandLine;
  Command(CLI::App* app, Action* chosen) : app_(app), chosen_(chosen) {}

  CLI::App* app_;
  Action* chosen_;
};

class CommandLine {
 public:
  CommandLine(const std::string& name, const std::string& version, const std::string& help);
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;
  ~CommandLine();

  // Has errors of actions end the program with `codes` in the place of kFailed, which `footer` says
  // in the help texts. Before commands are added.
  void set_exit_codes(ExitCodes codes, const std::string& footer);

  // The program itself, which the commands are added to.
  [[nodiscard]] Command root();

  // Does what the command line asks for; the result is the exit code. Says why on stderr, in one
  // line that begins with the command, when it is not done. SIGPIPE is ignored from then on.
  int run(int argc, const char* const* argv);

 private:
  [[nodiscard]] int complain(const std::string& what, int code) const;

  std::unique_ptr<CLI::App> app_;
  Action chosen_;
  ExitCodes exit_codes_ = [](Errc) { return kFailed; };
};

template <class T>
Option Command::add_choice(const std::string& name, const std::map<std::string, T>& choices,
                           T& chosen, const std::string& help) const {
  const Take take = [&choices, &chosen](const std::string& text) -> Result<void> {
    const auto found = choices.find(text);
    if (found == choices.end()) return fail(Errc::malformed, "is none of those that --help lists");
    chosen = found->second;
    return {};
  };
  return add_parsed(name, take, help).type_name("NAME");
}

}  // namespace kt::program
