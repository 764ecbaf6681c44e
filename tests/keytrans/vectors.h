// Test vectors: JSON files under tests/vectors/ and the hexadecimal fields in them.
//
// A file or field that is not what its test expects throws, so that a vector is never skipped
// silently. Provenance stands in each file.
#pragma once

#include <algorithm>
#include <cctype>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "keytrans/bytes.h"

namespace kt {

// The contents of `relative`, a path inside tests/vectors/.
[[nodiscard]] inline nlohmann::json load_vectors(const std::string& relative) {
  std::ifstream file(std::string(KT_VECTORS) + "/" + relative);
  if (!file) throw std::runtime_error("cannot open vectors " + relative);
  return nlohmann::json::parse(file);
}

// The bytes `object[key]` spells.
[[nodiscard]] inline Bytes hex_field(const nlohmann::json& object, const char* key) {
  auto bytes = from_hex(object.at(key).get<std::string>());
  if (!bytes) throw std::runtime_error(std::string("not hexadecimal: ") + key);
  return *std::move(bytes);
}

// The 32 bytes `object[key]` spells.
[[nodiscard]] inline HashValue hash_field(const nlohmann::json& object, const char* key) {
  const Bytes bytes = hex_field(object, key);
  HashValue hash;
  if (bytes.size() != hash.size()) throw std::runtime_error(std::string("not 32 bytes: ") + key);
  std::copy(bytes.begin(), bytes.end(), hash.begin());
  return hash;
}

// `name` as GoogleTest can use it: everything but letters and digits becomes '_'.
[[nodiscard]] inline std::string test_name(std::string_view name) {
  std::string result(name);
  for (char& c : result) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return result;
}

}  // namespace kt
