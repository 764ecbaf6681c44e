// Options of commands that several of them have. Internal.
#pragma once

#include <map>
#include <string>

#include <CLI/CLI.hpp>

#include "program/duration.h"

namespace kt::gateway {

// An option that is one of the names in `choices`. Borrows both.
template <class T>
CLI::Option* add_choice(CLI::App& command, const std::string& name,
                        const std::map<std::string, T>& choices, T& chosen,
                        const std::string& help) {
  return command
      .add_option_function<std::string>(
          name,
          [name, &choices, &chosen](const std::string& text) {
            const auto found = choices.find(text);
            if (found == choices.end())
              throw CLI::ValidationError(name, "is none of those that --help lists");
            chosen = found->second;
          },
          help)
      ->type_name("NAME");
}

// An option that is a duration of more than nothing.
template <class Set>
CLI::Option* add_duration(CLI::App& command, const std::string& name, const std::string& help,
                          Set set) {
  return command
      .add_option_function<std::string>(
          name,
          [name, set](const std::string& text) {
            const auto parsed = program::parse_duration(text);
            if (!parsed)
              throw CLI::ValidationError(name, "is not a duration like 500ms, 30s, 24h or 90d");
            if (*parsed == 0) throw CLI::ValidationError(name, "has to be more than nothing");
            set(*parsed);
          },
          help)
      ->type_name("DURATION");
}

}  // namespace kt::gateway
