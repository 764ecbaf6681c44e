#include "federation/directory_client.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "directory_world.h"
#include "origin.h"

namespace kt::federation {
namespace {

std::string answer(const std::string& status, const std::string& fields, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\n" + fields + "Content-Length: " + std::to_string(body.size()) +
         "\r\nConnection: close\r\n\r\n" + body;
}

const std::string kJsonField = "Content-Type: application/json\r\n";

std::string document_text(std::uint64_t epoch) {
  static const KeyedLog log = numbered_log(1);
  const DirectorySigner signers[] = {signer(log)};
  return must(DirectoryDocument::sign(single_directory(log, epoch), signers)).text();
}

class Client {
 public:
  explicit Client(const Origin& origin)
      : client_(must(DirectoryClient::create(context_.get_executor(), domain_of("example.com"),
                                             origin.url()))) {}

  Result<DirectoryDocument> fetch() {
    std::optional<Result<DirectoryDocument>> fetched;
    const auto run = [&]() -> boost::asio::awaitable<void> {
      auto result = co_await client_.fetch();
      fetched.emplace(std::move(result));
    };
    auto done = boost::asio::co_spawn(context_, run, boost::asio::use_future);
    context_.restart();
    context_.run();
    done.get();
    return *std::move(fetched);
  }

 private:
  boost::asio::io_context context_;
  DirectoryClient client_;
};

// What comes of an answer without a document before it.
Errc refusal(const std::string& text) {
  const Origin origin({answering(text)});
  const auto fetched = Client(origin).fetch();
  EXPECT_FALSE(fetched.has_value()) << text.substr(0, 100);
  return fetched ? Errc::corrupt : fetched.error().code;
}

TEST(DirectoryClient, FetchesTheDocumentOfTheDomain) {
  std::string request;
  const Origin origin({[&](const LoopbackConnection& connection) {
    request = connection.read_until("\r\n\r\n");
    connection.write(answer("200 OK", kJsonField, document_text(3)));
  }});
  EXPECT_EQ(must(Client(origin).fetch()).text(), document_text(3));
  EXPECT_EQ(request.find("GET /.well-known/key-transparency?domain=example.com HTTP/1.1\r\n"), 0U)
      << request;
  EXPECT_NE(request.find("Accept: application/json\r\n"), std::string::npos) << request;
  EXPECT_EQ(request.find("If-None-Match"), std::string::npos) << request;
}

TEST(DirectoryClient, ADocumentThatHasNotChangedIsNotSentAgain) {
  std::vector<std::string> requests;
  const auto script = [&](const std::string& text) -> Origin::Script {
    return [&, text](const LoopbackConnection& connection) {
      requests.push_back(connection.read_until("\r\n\r\n"));
      connection.write(text);
    };
  };
  const Origin origin({script(answer("200 OK", kJsonField + "ETag: \"a\"\r\n", document_text(3))),
                       script("HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n"),
                       script(answer("200 OK", kJsonField + "ETag: \"b\"\r\n", document_text(4))),
                       script("HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n")});
  Client client(origin);
  for (const std::uint64_t epoch : {3U, 3U, 4U, 4U})
    EXPECT_EQ(must(client.fetch()).text(), document_text(epoch));
  ASSERT_EQ(requests.size(), 4U);
  EXPECT_NE(requests[1].find("If-None-Match: \"a\"\r\n"), std::string::npos) << requests[1];
  EXPECT_NE(requests[3].find("If-None-Match: \"b\"\r\n"), std::string::npos) << requests[3];
}

TEST(DirectoryClient, NotModifiedIsNoAnswerToWhoHasNothing) {
  EXPECT_EQ(refusal("HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n"), Errc::malformed);
}

TEST(DirectoryClient, StatusesThatAreNoDocument) {
  const std::string body = document_text(3);
  EXPECT_EQ(refusal(answer("404 Not Found", kJsonField, body)), Errc::not_found);
  for (const char* const status : {"429 Slow Down", "500 Wrong", "503 Later"})
    EXPECT_EQ(refusal(answer(status, kJsonField, body)), Errc::unavailable) << status;
  for (const char* const status :
       {"201 Created", "301 Moved", "302 Found", "307 There", "410 Gone"})
    EXPECT_EQ(refusal(answer(status, kJsonField + "Location: https://kt.example.net/\r\n", body)),
              Errc::malformed)
        << status;
}

TEST(DirectoryClient, AnswersThatAreNoDocument) {
  EXPECT_EQ(refusal(answer("200 OK", "Content-Type: text/html\r\n", document_text(3))),
            Errc::malformed);
  EXPECT_EQ(refusal(answer("200 OK", "", document_text(3))), Errc::malformed);
  EXPECT_EQ(refusal(answer("200 OK", kJsonField, "{}")), Errc::malformed);
  EXPECT_EQ(
      refusal(answer("200 OK", kJsonField, std::string(DirectoryDocument::kMaxSize + 1, ' '))),
      Errc::malformed);
}

TEST(DirectoryClient, ARefusedDocumentDoesNotTakeThePlaceOfTheLast) {
  std::string request;
  const Origin origin(
      {answering(answer("200 OK", kJsonField + "ETag: \"a\"\r\n", document_text(3))),
       answering(answer("200 OK", kJsonField + "ETag: \"b\"\r\n", "{}")),
       [&](const LoopbackConnection& connection) {
         request = connection.read_until("\r\n\r\n");
         connection.write("HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n");
       }});
  Client client(origin);
  must(client.fetch());
  EXPECT_FALSE(client.fetch().has_value());
  EXPECT_EQ(must(client.fetch()).text(), document_text(3));
  EXPECT_NE(request.find("If-None-Match: \"a\"\r\n"), std::string::npos) << request;
}

TEST(DirectoryClient, EachDomainHasItsOwnPlace) {
  EXPECT_EQ(directory_url(domain_of("bücher.example")).text(), "https://kt.xn--bcher-kva.example");
}

}  // namespace
}  // namespace kt::federation
