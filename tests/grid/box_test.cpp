#include <catch2/catch.hpp>

#include "base/error.hpp"
#include "grid/box.hpp"

using namespace rankine;

TEST_CASE("shapes have counts, strides and a text as Python's") {
  CHECK(element_count(Shape{}) == 1);
  CHECK(element_count(Shape{4, 3, 2}) == 24);
  CHECK(element_count(Shape{4, 0, 2}) == 0);
  CHECK(c_strides(Shape{4, 3, 2}) == Shape{6, 2, 1});
  CHECK(c_strides(Shape{}) == Shape{});
  CHECK(format_tuple(Shape{}) == "()");
  CHECK(format_tuple(Shape{3}) == "(3,)");
  CHECK(format_tuple(Shape{3, 4}) == "(3, 4)");
  CHECK(ceil_div(10, 4) == 3);
  CHECK(ceil_div(8, 4) == 2);
  CHECK(ceil_div(0, 4) == 0);
}

TEST_CASE("a shape whose elements cannot be counted is refused by name") {
  CHECK_THROWS_AS(element_count(Shape{std::int64_t{1} << 32, std::int64_t{1} << 31}), ShapeError);
  CHECK_THROWS_WITH(element_count(Shape{std::int64_t{1} << 62, 4}), Catch::Contains("(4611686018427387904, 4)"));
}

TEST_CASE("a box knows its shape, what it holds and whether it is empty") {
  const Box box{{2, 10}, {5, 20}};
  CHECK(box.ndim() == 2);
  CHECK(box.shape() == Shape{3, 10});
  CHECK(box.element_count() == 30);
  CHECK_FALSE(box.empty());
  CHECK(Box{{2, 10}, {2, 20}}.empty());
  CHECK_FALSE(Box{{}, {}}.empty());  // one element without axes
  CHECK(Box{{}, {}}.element_count() == 1);
  CHECK(Box::whole({3, 4}) == Box{{0, 0}, {3, 4}});
  CHECK(box.contains(box));
  CHECK(box.contains({{3, 12}, {4, 20}}));
  CHECK_FALSE(box.contains({{3, 12}, {6, 13}}));
  CHECK(format_box(box) == "[2:5, 10:20]");
}

TEST_CASE("boxes meet in a box, and where they do not the common part is empty") {
  const Box box{{2, 10}, {5, 20}};
  CHECK(box.intersect({{0, 15}, {4, 30}}) == Box{{2, 15}, {4, 20}});
  CHECK(box.intersect({{5, 10}, {6, 20}}).empty());
  CHECK(box.intersect({{7, 10}, {9, 20}}) == Box{{7, 10}, {7, 20}});
  CHECK(box.relative_to({2, 10}) == Box{{0, 0}, {3, 10}});
}

TEST_CASE("the points of a box are visited in C order") {
  std::vector<Index> visited;
  for_each_index(Box{{1, 5}, {3, 7}}, [&](const Index& at) { visited.push_back(at); });
  CHECK(visited == std::vector<Index>{{1, 5}, {1, 6}, {2, 5}, {2, 6}});
  int points = 0;
  for_each_index(Box{{}, {}}, [&](const Index&) { ++points; });
  CHECK(points == 1);
  for_each_index(Box{{0, 0}, {4, 0}}, [&](const Index&) { ++points; });
  CHECK(points == 1);
}
