#include "array/same_computation.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace rankine::array {
namespace {

// One rule a kind of node. There is none for all others: a new kind does not compile without its own.
bool same(const Source& a, const Source& b) { return a.array == b.array || same_stored(*a.array, *b.array); }
bool same(const Constant& a, const Constant& b) { return identical(a.value, b.value); }
bool same(const Elementwise& a, const Elementwise& b) { return a.op == b.op; }
bool same(const Slice& a, const Slice& b) { return a.start == b.start && a.step == b.step; }
bool same(const Take& a, const Take& b) { return a.axis == b.axis && *a.indices == *b.indices; }
bool same(const Permute& a, const Permute& b) { return a.axes == b.axes; }
bool same(const Broadcast&, const Broadcast&) { return true; }  // the shapes say it all
bool same(const Rechunk&, const Rechunk&) { return true; }      // the values are the same, however they are cut
bool same(const Concat& a, const Concat& b) { return a.axis == b.axis; }
bool same(const LayerInput& a, const LayerInput& b) { return a.layer == b.layer; }
bool same(const Reduce& a, const Reduce& b) {
  if (a.axes != b.axes || (a.user == nullptr) != (b.user == nullptr)) return false;
  return a.user == nullptr ? a.spec == b.spec : *a.user == *b.user;
}
bool same(const GroupReduce& a, const GroupReduce& b) {
  return a.axis == b.axis && a.group_count == b.group_count && *a.codes == *b.codes && a.spec == b.spec;
}
/// What a kernel gives may depend on the blocks that it is given, so that wishes for blocks count, too.
bool same(const UserMap& a, const UserMap& b) { return a == b; }

bool same_node(const Expr& a, const Expr& b) {
  if (a.node.index() != b.node.index() || a.dtype != b.dtype || a.shape != b.shape || a.inputs.size() != b.inputs.size()) return false;
  return std::visit([&]<typename T>(const T& node) { return same(node, std::get<T>(b.node)); }, a.node);
}

}  // namespace

bool same_computation(const ExprPtr& a, const ExprPtr& b) {
  using Pair = std::pair<const Expr*, const Expr*>;
  std::vector<Pair> open{{a.get(), b.get()}};
  std::set<Pair> seen;
  while (!open.empty()) {
    const auto [x, y] = open.back();
    open.pop_back();
    if (x == y || !seen.insert({x, y}).second) continue;
    if (!same_node(*x, *y)) return false;
    for (std::size_t i = x->inputs.size(); i-- > 0;) open.emplace_back(x->inputs[i].get(), y->inputs[i].get());
  }
  return true;
}

}  // namespace rankine::array
