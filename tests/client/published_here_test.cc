// Which versions that nobody has acknowledged an owner knows for their own.
#include "published_here.h"

#include "memory_world.h"

namespace kt::client {
namespace {

class PublishedHere : public MemoryWorld {
 protected:
  PublishedHere() : MemoryWorld(keytrans::DeploymentMode::contactMonitoring) {}

  void send(const std::string& value) {
    must(note_sent(session_, domain_, label_, to_bytes(value)));
  }
  void copy(const std::string& value) {
    must(note_copied(session_, domain_, label_, log_, to_bytes(value)));
  }
  bool is_known(std::uint32_t version, const std::string& value) {
    return is_known_in(log_, version, value);
  }
  bool is_known_in(const LogId& log, std::uint32_t version, const std::string& value) {
    return must(
        is_published_here(session_, domain_, label_, log, Version{version}, to_bytes(value)));
  }

  const federation::Domain domain_ = domain_of("example.com");
  const Label label_ = label_of(kAlice);
  const LogId log_{HashValue{1}};
  const LogId other_{HashValue{2}};
};

TEST_F(PublishedHere, WhatWasSentIsOneVersionOfALog) {
  EXPECT_FALSE(is_known(1, "a"));
  send("a");
  EXPECT_FALSE(is_known(1, "b"));
  EXPECT_TRUE(is_known(1, "a"));
  EXPECT_TRUE(is_known(1, "a"));
  EXPECT_FALSE(is_known(2, "a"));
  EXPECT_TRUE(is_known_in(other_, 2, "a"));
  must(note_settled(session_, domain_, label_));
  EXPECT_TRUE(is_known(1, "a"));
}

TEST_F(PublishedHere, ACopyIsTheFirstVersionOfItsLog) {
  copy("a");
  EXPECT_TRUE(is_known(0, "a"));
  EXPECT_FALSE(is_known(0, "b"));
  EXPECT_FALSE(is_known(1, "a")) << "nobody has sent it";
  EXPECT_FALSE(is_known_in(other_, 0, "a"));
}

TEST_F(PublishedHere, WhatWasCopiedCanBeSentLater) {
  copy("a");
  copy("a");
  send("a");
  EXPECT_TRUE(is_known(0, "a"));
  EXPECT_EQ(must(find_unsettled(session_, domain_, label_, log_, to_bytes(std::string("a")))),
            std::nullopt);
  EXPECT_TRUE(is_known(1, "a"));
  EXPECT_FALSE(is_known(2, "a"));
  EXPECT_TRUE(is_known(0, "a"));
  EXPECT_EQ(must(find_unsettled(session_, domain_, label_, log_, to_bytes(std::string("a")))),
            Version{1});
}

}  // namespace
}  // namespace kt::client
