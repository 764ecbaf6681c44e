// Every element, number and string of every kind of message: dropped, doubled, swapped, replaced.
#include <iostream>

#include <gtest/gtest.h>

#include "tamper_kinds.h"

namespace kt::keytrans {
namespace {

class ExpensiveTamperedElements : public ::testing::TestWithParam<TamperCase> {
 protected:
  const std::unique_ptr<Specimen> specimen_ = GetParam().make();
};

INSTANTIATE_TEST_SUITE_P(, ExpensiveTamperedElements, ::testing::ValuesIn(tamper_cases()),
                         tamper_case_name);

TEST_P(ExpensiveTamperedElements, AreRefused) {
  specimen_->expect_accepted();
  ASSERT_FALSE(HasFailure()) << "the honest message is not accepted";
  Tally tally;
  std::size_t changes = 0;
  while (specimen_->expect_mutant_refused(changes, tally)) ++changes;
  std::cout << changes << " changes: " << tally << '\n';
  EXPECT_EQ(changes, tally.tried() + tally.unencodable + tally.identical);
  EXPECT_GT(tally.tried(), 0U);
}

}  // namespace
}  // namespace kt::keytrans
