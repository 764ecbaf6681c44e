#include "program/command_line.h"

#include <charconv>
#include <csignal>
#include <cstdio>
#include <exception>
#include <utility>

#include <CLI/CLI.hpp>

#include "program/duration.h"

namespace kt::program {

Option Option::required() const {
  option_->required();
  return *this;
}

Option Option::needs(const Option& other) const {
  option_->needs(other.option_);
  return *this;
}

Option Option::type_name(const std::string& name) const {
  option_->type_name(name);
  return *this;
}

bool Option::is_given() const { return option_->count() > 0; }

Command Command::add_command(const std::string& name, const std::string& help) const {
  return {app_->add_subcommand(name, help), chosen_};
}

void Command::set_footer(const std::string& text) const { app_->footer(text); }

Option Command::add_flag(const std::string& name, bool& flag, const std::string& help) const {
  return Option(app_->add_flag(name, flag, help));
}

Option Command::add_text(const std::string& name, std::string& text,
                         const std::string& help) const {
  return Option(app_->add_option(name, text, help));
}

Option Command::add_path(const std::string& name, std::filesystem::path& path,
                         const std::string& help) const {
  return Option(app_->add_option(name, path, help));
}

Option Command::add_number(const std::string& name, std::uint64_t& number, std::uint64_t most,
                           const std::string& help) const {
  // CLI11 takes -1 for the greatest number there is, and 010 for 8.
  const Take take = [&number, most](const std::string& text) -> Result<void> {
    std::uint64_t parsed = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, parsed);
    if (error != std::errc() || rest != end || parsed > most)
      return fail(Errc::malformed, "Value " + text + " not in range 0 to " + std::to_string(most));
    number = parsed;
    return {};
  };
  return add_parsed(name, take, help).type_name("NUMBER");
}

Option Command::add_duration(const std::string& name, std::uint64_t& milliseconds,
                             const std::string& help) const {
  const Take take = [&milliseconds](const std::string& text) -> Result<void> {
    const auto parsed = parse_duration(text);
    if (!parsed) return fail(Errc::malformed, "is not a duration like 500ms, 30s, 24h or 90d");
    if (*parsed == 0) return fail(Errc::malformed, "has to be more than nothing");
    milliseconds = *parsed;
    return {};
  };
  return add_parsed(name, take, help).type_name("DURATION");
}

Option Command::add_parsed(const std::string& name, Take take, const std::string& help) const {
  return Option(app_->add_option_function<std::string>(
      name,
      [name, take = std::move(take)](const std::string& text) {
        if (const auto taken = take(text); !taken)
          throw CLI::ValidationError(name, taken.error().detail);
      },
      help));
}

void Command::runs(Action action, Check check) const {
  app_->callback([chosen = chosen_, action = std::move(action), check = std::move(check)] {
    if (check) {
      if (const auto sensible = check(); !sensible)
        throw CLI::ValidationError(sensible.error().detail, CLI::ExitCodes::ValidationError);
    }
    *chosen = action;
  });
}

CommandLine::CommandLine(const std::string& name, const std::string& version,
                         const std::string& help)
    : app_(std::make_unique<CLI::App>(help, name)) {
  app_->set_version_flag("--version", name + " " + version);
  app_->footer("Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.");
}

CommandLine::~CommandLine() = default;

void CommandLine::set_exit_codes(ExitCodes codes, const std::string& footer) {
  exit_codes_ = std::move(codes);
  app_->footer(footer);
}

Command CommandLine::root() { return {app_.get(), &chosen_}; }

int CommandLine::run(int argc, const char* const* argv) {
  // A reader that went away is an error of the write, not the end of the program.
  std::signal(SIGPIPE, SIG_IGN);
  chosen_ = nullptr;
  try {
    app_->parse(argc, argv);
    if (!chosen_) return complain("a command is missing; --help lists them", kUsage);
    const Result<int> code = chosen_();
    if (!code) return complain(code.error().detail, exit_codes_(code.error().code));
    if (std::fflush(stdout) != 0) return complain("the output cannot be written", kFailed);
    return *code;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app_->exit(error);  // help, or the version
    return complain(error.what() + std::string("; --help explains"), kUsage);
  } catch (const std::exception& error) {
    return complain(error.what(), kFailed);
  }
}

// Begins with the command that was named: "ktgate log create".
int CommandLine::complain(const std::string& what, int code) const {
  const CLI::App* command = app_.get();
  std::string name = command->get_name();
  while (!command->get_subcommands().empty()) {
    command = command->get_subcommands().front();
    name += " " + command->get_name();
  }
  std::fprintf(stderr, "%s: %s\n", name.c_str(), what.c_str());
  return code;
}

}  // namespace kt::program
