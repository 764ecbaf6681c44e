// What people and other programs tell a gateway as JSON: orders to move labels, which page of a
// report is to be made, and what an authoriser has decided. And the date of a request.

#include "authoriser.h"
#include "http_date.h"
#include "migration_order.h"
#include "migration_page.h"
#include "must.h"

namespace {

using namespace kt;
using namespace kt::gateway;

template <class T>
void expect_reason(const Result<T>& parsed) {
  if (parsed) return;
  KT_ASSERT(parsed.error().code == Errc::malformed);
  KT_ASSERT(!parsed.error().detail.empty() && parsed.error().detail.size() < 200);
}

void look_at_orders(ByteView body) {
  const auto order = parse_migration_order(body);
  expect_reason(order);
  if (order) {
    KT_ASSERT(order->rate <= MigrationOrder::kMaxRate);
    KT_ASSERT(order->grace_ms <= MigrationOrder::kMaxGrace);
    KT_ASSERT(order->quiet_ms <= MigrationOrder::kMaxGrace);
  }
  expect_reason(parse_finish_order(body));
  const auto rate = parse_resume_order(body);
  expect_reason(rate);
  KT_ASSERT(!rate || !*rate || **rate <= MigrationOrder::kMaxRate);
  const auto count = parse_list_end(body);
  expect_reason(count);
  KT_ASSERT(!count || *count <= migration::Journal::kMaxListed);
}

void look_at_page_request(ByteView body) {
  const auto page = parse_page_request(body);
  expect_reason(page);
  if (!page) return;
  const auto again = must(parse_page_request(to_bytes(format_page_request(*page).dump())));
  KT_ASSERT(again.after == page->after && again.from_last == page->from_last &&
            again.to_last == page->to_last);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView body(data, size);
  look_at_orders(body);
  look_at_page_request(body);
  federation::HttpResponse answer;
  answer.status = 200;
  answer.content_type = "application/json";
  answer.body = to_bytes(body);
  expect_reason(read_decision(answer));
  // A date has one spelling (RFC 9110, Section 5.6.7), of which we read no other.
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto date = parse_http_date(text)) KT_ASSERT(format_http_date(*date) == text);
  return 0;
}
