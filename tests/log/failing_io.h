// Writes that fail when a test says so.
//
// A program that links failing_io.cc calls its pwrite and fdatasync instead of the system's, and so
// do LMDB and everything else in it. They do what the system's do, but for what fail_io() names.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace kt::log {

enum class Io { pwrite, fdatasync };

// What comes of a call that fails: nothing, or all that it was called for.
enum class Effect { none, whole };

// The calls that fail, with EIO: the next ones of this kind, as many as there are effects.
struct Fault {
  Io call = Io::pwrite;
  std::string file;  // the name of the file that is written
  long before = 0;   // only writes that begin before this offset; 0 for all
  std::vector<Effect> effects;
};

// Makes calls fail from now on, as `fault` says and no other fault before it.
// Thread rule: any thread, but one fault at a time is all there is.
void fail_io(Fault fault);
// Ends that. How many calls have failed.
std::size_t end_io_faults();

}  // namespace kt::log
