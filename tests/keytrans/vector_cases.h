// The cases of a vector file as GoogleTest parameters, each a test under its own name.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "vectors.h"

namespace kt {

struct VectorCase {
  std::string name;
  nlohmann::json json;

  [[nodiscard]] const nlohmann::json& input() const { return json.at("input"); }
  [[nodiscard]] const nlohmann::json& expect() const { return json.at("expect"); }

  // What GoogleTest lists beside the test.
  friend std::ostream& operator<<(std::ostream& out, const VectorCase& vector) {
    return out << vector.name;
  }
};

// All cases of `relative`, a path inside tests/vectors/.
[[nodiscard]] inline std::vector<VectorCase> vector_cases(const std::string& relative) {
  const nlohmann::json file = load_vectors(relative);
  std::vector<VectorCase> cases;
  for (const auto& json : file.at("cases")) {
    cases.push_back({json.at("name").get<std::string>(), json});
  }
  return cases;
}

[[nodiscard]] inline std::string case_name(const ::testing::TestParamInfo<VectorCase>& info) {
  return test_name(info.param.name);
}

// The hashes that a list of hexadecimal strings spells.
[[nodiscard]] inline std::vector<HashValue> hash_list(const nlohmann::json& list) {
  std::vector<HashValue> hashes;
  for (const auto& text : list) hashes.push_back(hash_field({{"hash", text}}, "hash"));
  return hashes;
}

}  // namespace kt
