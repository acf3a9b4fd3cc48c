#include "array/evaluation_cuts.hpp"

#include <algorithm>
#include <iterator>
#include <unordered_map>

#include "array/expr_walk.hpp"

namespace rankine::array {
namespace {

/// Calls of evaluation inside each other: a kibibyte or two of stack each, on threads whose stacks are small.
constexpr std::uint32_t most_calls = 48;
/// Nodes on one way down: bounds the instructions of a program.
constexpr std::uint32_t most_steps = 1024;
/// Inputs of a program, which are held together. One that is read counts for eight that are constant: it is a block,
/// the other a strip of a register.
constexpr std::size_t most_inputs = 256;
constexpr std::size_t weight_of_read_input = 8;
/// Arrays that are made for one of the result. Three times the nodes of all but contrived expressions without a cut.
constexpr double most_arrays = 128;

/// What evaluating a node on its own would take.
struct Work {
  struct Input {
    const Expr* expr;
    double arrays;
  };
  std::uint32_t steps = 0;
  std::uint32_t calls = 0;
  double arrays = 0;
  std::vector<Input> inputs;  ///< of the program, if it is the last step of one; by address

  /// As a part of what it may take; above 1 it is too large.
  double share() const {
    std::size_t weight = 0;
    for (const auto& input : inputs) weight += input.expr->reads ? weight_of_read_input : 1;
    return std::max({static_cast<double>(steps) / most_steps, static_cast<double>(calls) / most_calls,
                     static_cast<double>(weight) / most_inputs, arrays / most_arrays});
  }
};

void add_inputs(std::vector<Work::Input>& to, const std::vector<Work::Input>& more) {
  std::vector<Work::Input> both;
  both.reserve(to.size() + more.size());
  const auto before = [](const Work::Input& a, const Work::Input& b) { return std::less<const Expr*>()(a.expr, b.expr); };
  std::set_union(to.begin(), to.end(), more.begin(), more.end(), std::back_inserter(both), before);
  to = std::move(both);
}

class Cutting {
 public:
  explicit Cutting(const std::function<bool(const Expr&)>& is_leaf) : is_leaf_(is_leaf) {}

  std::vector<ExprPtr> cut(const std::vector<ExprPtr>& roots) {
    std::vector<ExprPtr> order;
    InputsFirst walk;
    for (const auto& root : roots) walk(root, [&](const ExprPtr& expr) { order.push_back(expr); });
    for (const auto& expr : order)
      for (const auto& input : expr->inputs) ++work_[input.get()].readers;
    for (const auto& expr : order) {
      Known& known = work_[expr.get()];
      known.is_leaf = expr->inputs.empty() || is_leaf_(*expr);
      if (!known.is_leaf) known.work = work_of(*expr);
      while (!known.is_leaf && known.work.share() > 1) {
        cut_below(*expr);
        if (!known.is_cut) known.work = work_of(*expr);
      }
      for (const auto& input : expr->inputs)
        if (Known& below = work_.at(input.get()); ++below.visited == below.readers) below.work.inputs = {};
    }
    std::vector<ExprPtr> cuts;
    for (const auto& expr : order)
      if (work_.at(expr.get()).is_cut) cuts.push_back(expr);
    return cuts;
  }

 private:
  struct Known {
    Work work;
    std::size_t readers = 0;
    std::size_t visited = 0;  ///< of the readers
    bool is_leaf = false;
    bool is_cut = false;
  };

  void cut_at(const Expr& expr) {
    Known& known = work_.at(&expr);
    known.is_leaf = known.is_cut = true;
    known.work = {};
  }

  static bool is_view(const Expr& expr) {
    return expr.as<Slice>() != nullptr || expr.as<Permute>() != nullptr || expr.as<Broadcast>() != nullptr || expr.as<Rechunk>() != nullptr;
  }

  /// Cuts what is below a node that is too large and takes most of it: a loop's last value rather than what is made of it
  /// for the next, so that all that reads the value finds it. Of many parts of a concatenation none takes most: then
  /// the node itself.
  void cut_below(const Expr& expr) {
    constexpr std::size_t few = 8;
    const Expr* part = expr.inputs.size() > few ? nullptr : largest_input(expr);
    if (part == nullptr) return cut_at(expr);
    // Down through views and joints to the last that others read, too.
    std::vector<const Expr*> way{part};
    std::size_t shared = 0;
    while (is_view(*part) || (part->as<Concat>() != nullptr && part->inputs.size() <= few)) {
      part = largest_input(*part);
      if (part == nullptr) break;
      if (work_.at(part).readers > 1) shared = way.size();
      way.push_back(part);
    }
    cut_at(*way[shared]);
    while (shared-- > 0) work_.at(way[shared]).work = work_of(*way[shared]);
  }

  /// That takes most; null if all are leaves.
  const Expr* largest_input(const Expr& expr) const {
    const Expr* largest = nullptr;
    for (const auto& input : expr.inputs)
      if (const Known& known = work_.at(input.get()); !known.is_leaf)
        if (largest == nullptr || known.work.share() > work_.at(largest).work.share()) largest = input.get();
    return largest;
  }

  Work work_of(const Expr& expr) const {
    Work own;
    const bool is_program = expr.as<Elementwise>() != nullptr;
    double most = 0, all = 0;
    for (const auto& input : expr.inputs) {
      const Known& below = work_.at(input.get());
      const bool is_fused = is_program && !below.is_leaf && input->as<Elementwise>() != nullptr && input->shape == expr.shape;
      own.steps = std::max(own.steps, below.work.steps + 1);
      own.calls = std::max(own.calls, below.work.calls + (is_fused ? 0 : 1));
      most = std::max(most, below.work.arrays);
      all += below.work.arrays;
      if (is_fused) add_inputs(own.inputs, below.work.inputs);
      else if (is_program) add_inputs(own.inputs, {{input.get(), below.work.arrays}});
    }
    if (is_program) {
      own.arrays = 1;
      for (const auto& input : own.inputs) own.arrays += input.arrays;
    } else if (expr.as<Concat>() != nullptr) {
      own.arrays = 1 + most;  // its inputs are parts of a box, together no more than the box
    } else {
      own.arrays = all + (is_view(expr) ? 0 : 1);
    }
    return own;
  }

  const std::function<bool(const Expr&)>& is_leaf_;
  std::unordered_map<const Expr*, Known> work_;
};

}  // namespace

std::vector<ExprPtr> evaluation_cuts(const std::vector<ExprPtr>& roots, const std::function<bool(const Expr&)>& is_leaf) {
  return Cutting(is_leaf).cut(roots);
}

}  // namespace rankine::array
