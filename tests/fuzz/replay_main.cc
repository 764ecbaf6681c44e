// Takes libFuzzer's place where it is not linked: runs a fuzz target's entry point once on every
// file named, and on every file directly in a directory named.
//
// Exits with 1 on usage errors, on files over kMaxInputSize and when there was nothing to run.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <ios>
#include <iterator>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

// libFuzzer's own limit on inputs; a kept corpus has no reason to hold larger ones.
constexpr std::uintmax_t kMaxInputSize = 1U << 20U;

// The files `path` stands for, in an order that does not depend on the file system.
std::vector<fs::path> files_at(const fs::path& path) {
  if (!fs::is_directory(path)) return {path};
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(path)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

void run_one(const fs::path& file) {
  if (fs::file_size(file) > kMaxInputSize) throw std::runtime_error(file.string() + ": too large");
  std::ifstream stream(file, std::ios::binary);
  const std::vector<char> content(std::istreambuf_iterator<char>(stream), {});
  if (!stream) throw std::runtime_error(file.string() + ": cannot be read");
  // Unbuffered and before the run, so that a crash is preceded by the name of what caused it.
  std::fprintf(stderr, "running %s\n", file.c_str());
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(content.data()), content.size());
}

std::size_t run_all(std::span<char*> paths) {
  std::size_t count = 0;
  for (const char* path : paths) {
    for (const auto& file : files_at(path)) {
      run_one(file);
      ++count;
    }
  }
  if (count == 0) throw std::runtime_error("no inputs");
  return count;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s <file or directory>...\n", argv[0]);
    return 1;
  }
  try {
    const std::size_t count = run_all(std::span(argv, static_cast<std::size_t>(argc)).subspan(1));
    std::printf("%zu inputs\n", count);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
    return 1;
  }
}
