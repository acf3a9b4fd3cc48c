#include <catch2/catch.hpp>

#include "base/error.hpp"
#include "runtime/fault_rehearsal.hpp"

using namespace rankine;
using namespace rankine::runtime;

TEST_CASE("a rehearsed error strikes the tasks that it names, on the ranks that it names, from the count on") {
  FaultRehearsal faults("rank=2 task=mean+(3, error=first; rank=any task=write count=2 error=second+one");
  faults.pass(LifePoint::task, 1, "mean (3, 1)");
  faults.pass(LifePoint::task, 2, "mean (2, 1)");
  CHECK_THROWS_WITH(faults.pass(LifePoint::task, 2, "mean (3, 1)"), "first");
  CHECK_THROWS_WITH(faults.pass(LifePoint::task, 2, "mean (3, 1)"), "first");
  faults.pass(LifePoint::task, 0, "write (1)");
  faults.pass(LifePoint::task, 0, "write (1)");
  faults.pass(LifePoint::task, 1, "write (1)");
  CHECK_THROWS_WITH(faults.pass(LifePoint::task, 1, "write (2)"), "second one");
  faults.pass(LifePoint::close, 1);
}

TEST_CASE("an empty rehearsal is none, and nonsense is refused") {
  CHECK(FaultRehearsal("").is_empty());
  CHECK(FaultRehearsal(" ; ").is_empty());
  for (const char* text : {"rank", "at=noon", "count=0", "signal=x", "ranks=2", "error="}) CHECK_THROWS_AS(FaultRehearsal(text), UsageError);
}
