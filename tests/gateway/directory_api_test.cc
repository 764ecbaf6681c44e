// The directory documents of a gateway, from its configuration to those who ask for them.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "federation/directory_client.h"
#include "federation/routed_messages.h"
#include "names.h"
#include "query.h"
#include "serve_program.h"

namespace kt::gateway {
namespace {

using federation::DirectoryDocument;

TEST(Query, FindsWhatStandsForAName) {
  using Found = std::vector<std::string_view>;
  EXPECT_EQ(find_in_query("a=1&b=2&a=3", "a"), (Found{"1", "3"}));
  EXPECT_EQ(find_in_query("ab=1&a&=2&a=", "a"), (Found{""}));
  EXPECT_EQ(find_in_query("", "a"), Found{});
  EXPECT_EQ(find_in_query("&&a=b=c&", "a"), (Found{"b=c"}));
}

class DirectoryApi : public LogProgram {
 protected:
  static std::string domain(const std::string& name, const std::string& log,
                            const std::string& url) {
    std::string text = "[[domain]]\nname = \"" + name +
                       "\"\nlabel_rule = \"bytes\"\npolicy = \"single\"\nlogs = [\"" + log +
                       "\"]\n";
    return url.empty() ? text : text + "url = \"" + url + "\"\n";
  }
  static std::string said(const std::string& name, int epoch) {
    return "ktgate serve: the directory document of " + name + " has epoch " +
           std::to_string(epoch) + "\n";
  }

  void serve(const std::string& domains, const std::string& before = "") {
    head_ = before + "state = \"state\"\n[listen]\naddress = \"127.0.0.1:0\"\n";
    for (const char* const name : {"a", "b"}) {
      if (!std::filesystem::exists(path(name))) create(name);
      head_ += "[[log]]\ndirectory = \"" + std::string(name) + "\"\nalias = \"" + name + "\"\n";
    }
    write_file(path("ktgate.toml"), head_ + domains);
    serving_.emplace(path("ktgate.toml"));
    asker_.emplace(serving_->url());
  }
  void wait_for(const std::string& line) const {
    wait_until([&] { return serving_->err().find(line) != std::string::npos; }, line.c_str());
  }
  void reload(const std::string& domains) {
    write_file(path("ktgate.toml"), head_ + domains);
    EXPECT_EQ(serving_->reload().find("ktgate serve: the configuration was reloaded\n"), 0U);
  }
  [[nodiscard]] federation::HttpResponse get(const std::string& query = "") {
    return asker_->get("/.well-known/key-transparency" + query);
  }
  // The document, verified.
  static DirectoryDocument document(const federation::HttpResponse& response,
                                    std::string_view domain) {
    EXPECT_EQ(response.status, 200U) << text_of(response.body);
    EXPECT_EQ(response.content_type, "application/json");
    return must(DirectoryDocument::parse(text_of(response.body), domain_of(domain)));
  }

  std::string head_;
  std::optional<Serving> serving_;
  std::optional<Asker> asker_;
};

TEST_F(DirectoryApi, WhoAsksAgainIsToldThatNothingHasChanged) {
  serve(domain("example.com", "a", "https://kt.example.com"));
  wait_for(said("example.com", 1));
  const auto first = get();
  EXPECT_EQ(document(first, "example.com").directory().epoch, federation::Epoch{1});
  ASSERT_FALSE(first.etag.empty());
  for (const std::string& tags :
       {first.etag, "\"other\", W/" + first.etag + " , \"another\"", std::string("*")}) {
    federation::HttpRequest request;
    request.target = "/.well-known/key-transparency";
    request.if_none_match = tags;
    const auto again = must(asker_->send(request));
    EXPECT_EQ(again.status, 304U) << tags;
    EXPECT_TRUE(again.body.empty());
    EXPECT_EQ(again.etag, first.etag);
  }
  federation::HttpRequest other;
  other.target = "/.well-known/key-transparency";
  other.if_none_match = "\"other\",";
  EXPECT_EQ(must(asker_->send(other)).status, 200U);
  EXPECT_EQ(asker_->get("/.well-known/key-transparency", "text/html").status, 406U);
}

TEST_F(DirectoryApi, ThereIsOneForEachDomainWithAUrl) {
  const std::string domains = domain("example.com", "a", "https://kt.example.com") +
                              domain("example.net", "b", "https://kt.example.net") +
                              domain("example.org", "b", "");
  serve(domains);
  wait_for(said("example.net", 1));
  document(get("?domain=example.com"), "example.com");
  document(get("?domain=example.net"), "example.net");
  EXPECT_EQ(get("?domain=example.org").status, 404U);
  EXPECT_EQ(get("?domain=example.edu").status, 404U);
  EXPECT_EQ(get("?domain=EXAMPLE.com").status, 400U);
  EXPECT_EQ(get("?domain=example.com&domain=example.net").status, 400U);
  EXPECT_EQ(get().status, 400U);
  EXPECT_EQ(serving_->stop().code, 0);
  serve(domains, "default_domain = \"example.net\"\n");
  wait_for(said("example.net", 1));
  document(get(), "example.net");
}

TEST_F(DirectoryApi, RoutedAnswersNameTheEpochAndReloadsMakeAnother) {
  const std::string with_url = domain("example.com", "a", "https://kt.example.com");
  serve(with_url);
  wait_for(said("example.com", 1));
  const auto epoch = [this] {
    // There is nothing but the label that the gateway itself has written, so there is none to find:
    // who owns nothing is told the epoch as well.
    const federation::RoutedMonitorRequest request{
        label_of("a@example.com"),
        {{document(get(), "example.com").directory().logs.at(0).id().hash(), {}, {}, {}}}};
    const auto answer =
        asker_->post("/kt/v1/monitor", "routed-monitor-request", must(encode(request)));
    return must(federation::decode<federation::RoutedResponse>(answer.body)).epoch;
  };
  EXPECT_EQ(epoch(), 1U);
  reload(domain("example.com", "a", "https://other.example.com"));
  wait_for(said("example.com", 2));
  EXPECT_EQ(document(get(), "example.com").directory().url.host, "other.example.com");
  EXPECT_EQ(epoch(), 2U);
  reload(domain("example.com", "a", ""));
  wait_until([this] { return get().status == 404; }, "it is still published");
}

}  // namespace
}  // namespace kt::gateway
