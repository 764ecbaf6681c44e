#include "raw_header.h"

#include <string>

#include <gtest/gtest.h>

namespace kt::gateway {
namespace {

std::string fault_in(const std::string& header) { return find_fault(header).value_or(""); }

TEST(RawHeader, WhatIsRightIsNoFault) {
  EXPECT_EQ(fault_in("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), "");
  EXPECT_EQ(fault_in("POST /a?b HTTP/1.1\r\nHost:a\r\nContent-Length: 5\r\nX-Y: a:b\tc \r\n\r\n"),
            "");
  EXPECT_EQ(fault_in("GET / HTTP/1.0\r\n\r\n"), "");
}

TEST(RawHeader, FormsThatSmuggle) {
  const std::string start = "POST / HTTP/1.1\r\nHost: a\r\n";
  EXPECT_EQ(fault_in(start + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
            "there are both Content-Length and Transfer-Encoding");
  EXPECT_EQ(fault_in(start + "content-length: 5\r\nCONTENT-LENGTH: 5\r\n\r\n"),
            "there is more than one Content-Length");
  EXPECT_EQ(fault_in(start + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
            "there is more than one Transfer-Encoding");
  EXPECT_EQ(fault_in(start + "Host: b\r\n\r\n"), "there is more than one Host");
  for (const char* const length : {"", " ", "5, 5", "+5", "-5", "0x5", "5 5", "5;"})
    EXPECT_EQ(fault_in(start + "Content-Length:" + length + "\r\n\r\n"),
              "Content-Length is not a number")
        << length;
  EXPECT_EQ(fault_in(start + "Content-Length : 5\r\n\r\n"), "a space follows a field's name");
  EXPECT_EQ(fault_in(start + "Content-Length\t: 5\r\n\r\n"), "a space follows a field's name");
  EXPECT_EQ(fault_in(start + " Content-Length: 5\r\n\r\n"), "a line continues the one before");
  EXPECT_EQ(fault_in(start + "X: a\r\n\tb\r\n\r\n"), "a line continues the one before");
  EXPECT_EQ(fault_in(start + ": a\r\n\r\n"), "a field has no name");
  EXPECT_EQ(fault_in(start + "no colon\r\n\r\n"), "a field has no name");
}

TEST(RawHeader, LineEndsAndControlCharacters) {
  EXPECT_EQ(fault_in("GET / HTTP/1.1\nHost: a\r\n\r\n"), "a line holds a control character");
  EXPECT_EQ(fault_in("GET / HTTP/1.1\r\nHost: a\nContent-Length: 5\r\n\r\n"),
            "a line holds a control character");
  EXPECT_EQ(fault_in("GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n"), "a line holds a control character");
  EXPECT_EQ(fault_in(std::string("GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n", 29)),
            "a line holds a control character");
  EXPECT_EQ(fault_in("GET / HTTP/1.1\r\nHost: \x7f\r\n\r\n"), "a line holds a control character");
  EXPECT_EQ(fault_in("\r\n\r\n"), "the request line is empty");
  EXPECT_EQ(fault_in("GET / HTTP/1.1\r\nHost: a\r\n"), "a line does not end with CR LF");
  EXPECT_EQ(fault_in(""), "a line does not end with CR LF");
  EXPECT_EQ(fault_in("GET / HTTP/1.1\r\n\r\nmore\r\n\r\n"), "the header has an empty line inside");
}

}  // namespace
}  // namespace kt::gateway
