// `ktgate log export`.
#include "log_program.h"

namespace kt::gateway {
namespace {

namespace fs = std::filesystem;

class LogExport : public LogProgram {
 protected:
  LogExport() {
    create("log");
    for (int i = 0; i < 20; ++i) {
      const std::string label = "user" + std::to_string(i);
      lines_ += line_of(label, 0, "first") + line_of(label, 1, "second");
    }
    import("log", lines_ + R"({"label":{"base64url":"_v8"},"value":""})");
    whole_ = exported("log");
  }
  [[nodiscard]] Outcome export_to(std::string_view file,
                                  const std::vector<std::string>& options = {}) const {
    std::vector<std::string> arguments{"log", "export", path("log"), "--output", path(file)};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return run(arguments);
  }

  std::string lines_;
  std::string whole_;
};

TEST_F(LogExport, HasEveryVersionInOrder) {
  // Shorter labels first.
  EXPECT_EQ(whole_, R"({"label":{"base64url":"_v8"},"version":0,"value":""})"
                    "\n" +
                        lines_);
}

TEST_F(LogExport, GoesIntoAnotherLogAndComesOutTheSame) {
  create("other");
  import("other", whole_);
  EXPECT_EQ(exported("other"), whole_);
}

TEST_F(LogExport, AFileIsForItsOwnerAndReplacesNothing) {
  const Outcome done = export_to("file");
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(done.out, "");
  EXPECT_EQ(read_file(path("file")), whole_);
  EXPECT_EQ(fs::status(path("file")).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  expect_failure(export_to("file"), 1, "log export", "already");
  EXPECT_EQ(read_file(path("file")), whole_);
}

// Wherever it stopped, the whole comes out once.
TEST_F(LogExport, GoesOnAfterTheLastWholeLine) {
  for (std::size_t size = 0; size <= whole_.size(); size += 37) {
    write_file(path("file"), whole_.substr(0, size));
    const Outcome done = export_to("file", {"--resume"});
    ASSERT_EQ(done.code, 0) << done.err;
    ASSERT_EQ(read_file(path("file")), whole_) << size;
  }
  // Nothing is left to do, and nothing was begun.
  EXPECT_EQ(export_to("file", {"--resume"}).code, 0);
  EXPECT_EQ(read_file(path("file")), whole_);
  EXPECT_EQ(export_to("fresh", {"--resume"}).code, 0);
  EXPECT_EQ(read_file(path("fresh")), whole_);
}

TEST_F(LogExport, GoesOnWithWhatWasAdded) {
  ASSERT_EQ(export_to("file").code, 0);
  const std::string more = line_of("user-who-came-later", 0, "x");
  import("log", more);
  ASSERT_EQ(export_to("file", {"--resume"}).code, 0);
  EXPECT_EQ(read_file(path("file")), whole_ + more);
}

TEST_F(LogExport, LeavesAFileAloneThatIsNoExport) {
  for (const std::string& text : {std::string("something else\n"), whole_ + "\n", whole_ + "{}\n",
                                  std::string(4 << 20, 'x') + "\n", std::string(4 << 20, 'x')}) {
    write_file(path("file"), text);
    expect_failure(export_to("file", {"--resume"}), 1, "log export", "");
    EXPECT_EQ(read_file(path("file")), text);
  }
}

TEST_F(LogExport, RefusesWhatItCannotDo) {
  expect_failure(run({"log", "export", path("log"), "--resume"}), 2, "log export", "--output");
  expect_failure(run({"log", "export", path("nowhere"), "--output", path("file")}), 1, "log export",
                 "there is no log");
  EXPECT_FALSE(fs::exists(path("file")));
  expect_failure(export_to("not/there"), 1, "log export", "the output cannot be opened");
  expect_failure(run({"log", "export", path("log"), "--output", "/dev/null", "--resume"}), 1,
                 "log export", "not a regular file");
}

TEST_F(LogExport, SaysWhenTheOutputCannotBeWritten) {
  // A device without room.
  Running program({"log", "export", path("log")}, "/dev/full");
  expect_failure(program.wait(), 1, "log export", "the output cannot be written");
}

}  // namespace
}  // namespace kt::gateway
