#include <catch2/catch.hpp>

#include <cerrno>

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

TEST_CASE("rehearsed slowness is told for the tasks that it names, and adds up") {
  FaultRehearsal faults("rank=2 task=mean slow=30; rank=any slow=5");
  CHECK(faults.pass(LifePoint::task, 0, "mean (0)") == 0);
  CHECK(faults.pass(LifePoint::task, 1, "mean (0)") == 5);
  CHECK(faults.pass(LifePoint::task, 2, "mean (0)") == 35);
  CHECK(faults.pass(LifePoint::task, 2, "write (0)") == 5);
}

TEST_CASE("rehearsed errors of the file system strike the calls that are named, from the count on, so many times") {
  FaultRehearsal("rank=1 io=read errno=ESTALE file=a.nc count=2 times=2; rank=any io=write errno=ENOSPC").begin_io_faults(1);
  using store::IoCall;
  std::vector<int> reads;
  for (int i = 0; i < 5; ++i) reads.push_back(store::rehearsed_error(IoCall::read, "/in/a.nc"));
  CHECK(reads == std::vector<int>{0, ESTALE, ESTALE, 0, 0});
  CHECK(store::rehearsed_error(IoCall::read, "/in/b.nc") == 0);
  CHECK(store::rehearsed_error(IoCall::open, "/in/a.nc") == 0);
  CHECK(store::rehearsed_error(IoCall::write, "/out") == ENOSPC);
  store::rehearse_io({});
}

TEST_CASE("an empty rehearsal is none, and nonsense is refused") {
  CHECK(FaultRehearsal("").is_empty());
  CHECK(FaultRehearsal(" ; ").is_empty());
  for (const char* text : {"rank", "at=noon", "count=0", "signal=x", "ranks=2", "error=", "io=sleep", "errno=7", "times=0"}) CHECK_THROWS_AS(FaultRehearsal(text), UsageError);
}
