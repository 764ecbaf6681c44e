// Clients that want to use a gateway up, in numbers, and one beside them who only asks.

#include <algorithm>
#include <atomic>
#include <functional>
#include <random>
#include <sys/resource.h>
#include <thread>

#include <gtest/gtest.h>

#include "certificates.h"
#include "federation/routed_messages.h"
#include "loopback.h"
#include "prometheus_samples.h"
#include "serve_program.h"

namespace kt::gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Under a sanitizer what was freed stays a while, and fewer connections are made in the second
// after which the first is given up.
#ifdef KTGATE_SANITIZED
constexpr std::size_t kSlow = 200;
constexpr std::size_t kFreedKibibytes = 524'288;
#else
constexpr std::size_t kSlow = 2000;
constexpr std::size_t kFreedKibibytes = 0;
#endif
constexpr std::size_t kGarbage = 300;

// So that this process, and the gateway that it starts, may have so many connections.
void allow_descriptors(rlim_t count) {
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  if (limit.rlim_cur >= count) return;
  limit.rlim_cur = count;
  limit.rlim_max = std::max(limit.rlim_max, count);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0) << "this test needs " << count << " descriptors";
}

// Does something over and over until it goes.
class Meanwhile {
 public:
  explicit Meanwhile(std::function<void()> turn)
      : thread_([this, turn = std::move(turn)] {
          while (!ends_) turn();
        }) {}
  Meanwhile(const Meanwhile&) = delete;
  Meanwhile& operator=(const Meanwhile&) = delete;
  ~Meanwhile() {
    ends_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> ends_ = false;
  std::thread thread_;
};

class HostileClients : public LogProgram {
 protected:
  void serve(const std::string& listen = "[listen]\naddress = \"127.0.0.1:0\"\n",
             const federation::HttpClientOptions& options = {}, const std::string& limits = "") {
    allow_descriptors(kSlow + 1000);
    create("log");
    write_file(path("ktgate.toml"),
               listen +
                   "[admin]\nsocket = \"admin.socket\"\n"
                   "[limits]\nrequests_per_second = 0\ndrain_delay = \"0s\"\n"
                   "header_timeout = \"1s\"\nbody_timeout = \"1s\"\nwrite_timeout = \"1s\"\n" +
                   limits + principal("writer", kWriterToken) +
                   "[[log]]\ndirectory = \"log\"\nalias = \"main\"\nwriter = \"writer\"\n"
                   "[[domain]]\nname = \"example.com\"\nlabel_rule = \"bytes\"\n"
                   "policy = \"single\"\nlogs = [\"main\"]\n");
    serving_.emplace(path("ktgate.toml"));
    good_.emplace(serving_->url(), kWriterToken, options);
    const Label alice = must(Label::create("alice@example.com"));
    const keytrans::UpdateRequest update{{}, alice, {}, {{{1}}}};
    ASSERT_EQ(
        good_->post("/kt/v1/logs/main/update", "update-request", must(keytrans::encode(update)))
            .status,
        200U);
    question_ = must(federation::encode(federation::LookupRequest{alice, {}}));
  }
  [[nodiscard]] LoopbackConnection connect() const {
    return LoopbackConnection::to(serving_->url().port);
  }

  // Asks `count` times as everybody does, each answered as it has to be, and gives how long the
  // slower half took at least, and the slowest but one in a hundred.
  struct Times {
    double median;
    double p99;
  };
  Times ask(std::size_t count) {
    std::vector<double> times;
    for (std::size_t i = 0; i < count; ++i) {
      const auto begin = steady_clock::now();
      EXPECT_EQ(good_->post("/kt/v1/lookup", "lookup-request", question_).status, 200U);
      times.push_back(
          std::chrono::duration<double, std::milli>(steady_clock::now() - begin).count());
    }
    std::sort(times.begin(), times.end());
    return {times.at(count / 2), times.at(count * 99 / 100)};
  }
  static void print(const char* when, const Times& times) {
    std::printf("%s: half of the lookups took %.2f ms or less, 99 of 100 %.2f ms\n", when,
                times.median, times.p99);
  }

  [[nodiscard]] Samples samples() const {
    federation::HttpClientOptions options;
    options.socket = path("admin.socket");
    Asker admin({false, "localhost", 80, ""}, "", options);
    return PrometheusReader::read(text_of(admin.get("/metrics").body));
  }
  [[nodiscard]] double given_up(const std::string& limit) const {
    return samples().at("ktgate_http_refused_total{limit=\"" + limit + "\"}");
  }
  void expect_memory_since(std::size_t before, std::size_t kibibytes) const {
    const std::size_t more = (serving_->peak_memory() - before) >> 10;
    std::printf("%zu KiB more memory\n", more);
    EXPECT_LT(more, kibibytes + kFreedKibibytes);
  }
  // Nothing of the crowd is left, and the gateway ends as it has to.
  void expect_all_gone() {
    good_.reset();
    wait_until([&] { return samples().at("ktgate_http_connections") == 0; },
               "connections are kept that nobody has");
    EXPECT_EQ(serving_->stop().code, 0);
  }

  // `kSlow` connections, which say `beginning(i)` and then a byte now and then; who is given up
  // comes again. Each may cost `kibibytes` of memory.
  void expect_unharmed_by_slow(std::size_t kibibytes,
                               const std::function<std::string(std::size_t)>& beginning) {
    ask(20);
    const Times before = ask(200);
    const std::size_t memory = serving_->peak_memory();
    std::vector<std::optional<LoopbackConnection>> crowd(kSlow);
    std::atomic<std::size_t> rounds = 0;
    Times during{};
    {
      const Meanwhile slow([&] {
        for (std::size_t i = 0; i < crowd.size(); ++i) {
          std::optional<LoopbackConnection>& one = crowd.at(i);
          if (one && one->write("a")) continue;
          one.reset();
          one.emplace(connect()).write(beginning(i));
        }
        ++rounds;
        std::this_thread::sleep_for(milliseconds(20));
      });
      wait_until([&] { return samples().at("ktgate_http_connections") > kSlow * 3 / 4; },
                 "there is no crowd");
      during = ask(200);
      // Long enough for each to be given up, and to have come again.
      wait_until([&] { return given_up("header_timeout") + given_up("body_timeout") > kSlow; },
                 "the slow are kept");
    }
    print("before", before);
    print("beside the crowd", during);
    EXPECT_GT(rounds, 1U);
    // The crowd takes processor time too, as another process; no lookup waits for one of it.
    EXPECT_LT(during.median, std::max(20 * before.median, 50.0));
    EXPECT_LT(during.p99, 1000);
    expect_memory_since(memory, kSlow * kibibytes);
    crowd.clear();
    expect_all_gone();
  }

  std::optional<Serving> serving_;
  std::optional<Asker> good_;
  Bytes question_;
};

// By thirds: a header that has no end, a body that has none, and nothing but the first byte.
TEST_F(HostileClients, SlowOnesAreGivenUpAndHarmNobody) {
  serve();
  expect_unharmed_by_slow(32, [](std::size_t i) -> std::string {
    const std::string header =
        "POST /kt/v1/lookup HTTP/1.1\r\nHost: a\r\n"
        "Content-Type: application/vnd.ktgate.lookup-request\r\n";
    if (i % 3 == 0) return header + "X: ";
    if (i % 3 == 1) return header + "Content-Length: 60000\r\n\r\n";
    return "P";
  });
}

// Handshakes that begin right, and never end.
TEST_F(HostileClients, SlowHandshakesAreGivenUpAndHarmNobody) {
  const Pkey key = new_key();
  write_file(path("key.pem"), pem_of_key(key.get()));
  std::filesystem::permissions(path("key.pem"), std::filesystem::perms::owner_read);
  write_file(path("certificate.pem"), pem_of_certificate(key.get()));
  federation::HttpClientOptions options;
  options.authorities = path("certificate.pem");
  serve(
      "[listen]\naddress = \"127.0.0.1:0\"\ncertificate = \"certificate.pem\"\n"
      "private_key = \"key.pem\"\n",
      options);
  // OpenSSL and Asio have a record's size of memory each, several times over.
  expect_unharmed_by_slow(160, [](std::size_t /*i*/) {
    return std::string("\x16\x03\x01\x40\x00\x01\x00\x3f\xfc", 9);
  });
}

// Answers to requests in a row that were all right, up to the first that was not: its refusal, and
// nothing after it.
void expect_answers(const std::string& text, std::size_t right, const std::string& sent) {
  std::size_t place = 0;
  std::size_t answers = 0;
  bool is_refused = false;
  while (place < text.size()) {
    ASSERT_FALSE(is_refused) << "something follows a refusal\n" << sent;
    ASSERT_EQ(text.compare(place, 9, "HTTP/1.1 "), 0) << text.substr(place, 200) << "\n" << sent;
    const std::string status = text.substr(place + 9, 3);
    is_refused = status != "200";
    if (is_refused) {
      EXPECT_EQ(status[0], '4') << status << "\n" << sent;
    } else {
      ++answers;
    }
    const std::string length = "Content-Length: ";
    const std::size_t header_end = text.find("\r\n\r\n", place);
    const std::size_t at = text.find(length, place);
    ASSERT_NE(header_end, std::string::npos);
    ASSERT_LT(at, header_end);
    place = header_end + 4 + std::stoul(text.substr(at + length.size()));
    ASSERT_LE(place, text.size()) << "an answer is cut short\n" << sent;
  }
  EXPECT_EQ(answers, right) << sent;
}

// Requests in a row, some right, with something after them that is none: in one piece, and with
// more than anybody reads behind it.
TEST_F(HostileClients, GarbageBehindRequestsIsRefusedAndHarmsNobody) {
  serve();
  ask(20);
  const Times before = ask(200);
  const std::size_t memory = serving_->peak_memory();
  const unsigned seed = std::random_device{}();
  std::printf("seed %u\n", seed);
  std::mt19937 random(seed);
  const std::string right = "GET /kt/v1/logs/main/configuration HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string post = "POST /kt/v1/lookup HTTP/1.1\r\nHost: a\r\n";
  const std::vector<std::string> wrong{
      post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      post + "X: a\r\n Content-Length: 5\r\n\r\nhello",
      post + "Content-Length: 5\n\r\nhello",
      post + "Content-Length: 99999999999999999999\r\n\r\n",
      post + "Content-Length: 1000000000\r\n\r\n",
      post + "Transfer-Encoding: chunked\r\n\r\n",
      post + "X: " + std::string(20'000, 'a') + "\r\n\r\n",
      "GET /" + std::string(20'000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15),
      "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
      std::string("\0\0\0\0\r\n\r\n", 8)};
  const auto random_bytes = [&random](std::size_t size) {
    std::string text(size, '\0');
    for (char& c : text) c = static_cast<char>(random() & 0xffU);
    return text;
  };

  Times during{};
  {
    std::atomic<bool> is_over = false;
    std::thread good([&] {
      during = ask(200);
      is_over = true;
    });
    for (std::size_t i = 0; i < kGarbage || !is_over; ++i) {
      const std::size_t count = random() % 20;
      std::string sent;
      for (std::size_t n = 0; n < count; ++n) sent += right;
      // Bytes at random may be the beginning of a header that the gateway waits for the end of.
      sent += i % 2 == 0 ? wrong.at(random() % wrong.size()) : random_bytes(500) + "\r\n\r\n";
      const LoopbackConnection connection = connect();
      connection.write(sent);
      connection.write(random_bytes(random() % 100'000));
      connection.end_writing();
      expect_answers(connection.read_all(), count, sent);
      if (HasFailure()) is_over = true;
    }
    good.join();
  }
  print("before", before);
  print("beside the garbage", during);
  EXPECT_LT(during.p99, 1000);
  expect_memory_since(memory, 65536);
  expect_all_gone();
}

// Requests without end whose answers nobody reads: as many are answered as go into the sockets, and
// what has no reader is given up.
TEST_F(HostileClients, WhoAsksAndNeverReadsIsGivenUp) {
  serve();
  const std::size_t memory = serving_->peak_memory();
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n";
  std::vector<LoopbackConnection> crowd;
  std::vector<std::thread> writers;
  crowd.reserve(50);
  for (int i = 0; i < 50; ++i) {
    const LoopbackConnection& one = crowd.emplace_back(connect());
    writers.emplace_back([&one, &many] {
      while (one.write(many)) continue;
    });
  }
  print("beside those who do not read", ask(100));
  for (std::thread& writer : writers) writer.join();
  wait_until([&] { return given_up("write_timeout") >= 50; }, "who does not read is kept");
  expect_memory_since(memory, 65536);
  expect_all_gone();
}

constexpr std::string_view kQuestion =
    "GET /kt/v1/logs/main/configuration HTTP/1.1\r\nHost: a\r\n\r\n";

bool is_answered(const LoopbackConnection& connection) {
  return connection.write(kQuestion) &&
         connection.read_until("\r\n\r\n").compare(0, 12, "HTTP/1.1 200") == 0;
}

// `count` connections from 127.0.0.2, which ask something.
std::vector<LoopbackConnection> crowd_from_elsewhere(std::uint16_t port, std::size_t count) {
  std::vector<LoopbackConnection> crowd;
  crowd.reserve(count);
  for (std::size_t i = 0; i < count; ++i) crowd.push_back(LoopbackConnection::to(port, 2));
  return crowd;
}

TEST_F(HostileClients, OneNetworkCannotHaveAllConnections) {
  serve("[listen]\naddress = \"127.0.0.1:0\"\n", {},
        "connections = 100\nnetwork_connections = 10\n");
  const std::uint16_t port = serving_->url().port;
  auto crowd = crowd_from_elsewhere(port, 30);
  std::size_t answered = 0;
  for (const LoopbackConnection& one : crowd) answered += is_answered(one) ? 1 : 0;
  EXPECT_EQ(answered, 10U);
  EXPECT_EQ(given_up("network_connections"), 20);
  EXPECT_EQ(given_up("connections"), 0);
  EXPECT_TRUE(is_answered(connect()));
  // Who has gone makes room.
  crowd.clear();
  wait_until([&] { return is_answered(LoopbackConnection::to(port, 2)); }, "nobody is let in");
  expect_all_gone();
}

// All of its clients come from one address, and are told apart by the requests.
TEST_F(HostileClients, AProxyOnThisMachineMayHaveAllConnections) {
  serve("[listen]\naddress = \"127.0.0.1:0\"\nclient_address_field = \"X-Forwarded-For\"\n", {},
        "connections = 100\nnetwork_connections = 10\n");
  for (const LoopbackConnection& one : crowd_from_elsewhere(serving_->url().port, 30))
    EXPECT_TRUE(is_answered(one));
  EXPECT_EQ(given_up("network_connections"), 0);
  expect_all_gone();
}

}  // namespace
}  // namespace kt::gateway
