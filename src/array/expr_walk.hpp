#pragma once
#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "array/expr.hpp"

namespace rankine::array {

// The walks over expressions. Expressions share nodes, masks and packing use one node several times, and loops of a script
// make chains of any length: whatever looks at an expression looks at each node once, and keeps what is still to do
// on the heap, not in calls of itself.

/// Visits each node below roots once, inputs before their readers. Roots that are given one after the other
/// are one walk: what one has below it is not visited again for the next.
class InputsFirst {
 public:
  /// visit(const ExprPtr&) for `root` and all below it. Below a node for which enters(const Expr&) is false it does not look.
  template <typename Visit, typename Enters>
  void operator()(const ExprPtr& root, Visit&& visit, Enters&& enters) {
    if (!seen_.insert(root.get()).second) return;
    open_.push_back({&root, enters(*root) ? 0 : root->inputs.size()});
    while (!open_.empty()) {
      auto& [expr, next] = open_.back();
      if (next == (*expr)->inputs.size()) {
        const ExprPtr& done = *expr;
        open_.pop_back();
        visit(done);
        continue;
      }
      const ExprPtr& input = (*expr)->inputs[next++];
      if (seen_.insert(input.get()).second) open_.push_back({&input, enters(*input) ? 0 : input->inputs.size()});
    }
  }
  template <typename Visit>
  void operator()(const ExprPtr& root, Visit&& visit) {
    (*this)(root, std::forward<Visit>(visit), [](const Expr&) { return true; });
  }
  std::size_t visited() const { return seen_.size(); }

 private:
  struct Open {
    const ExprPtr* expr;
    std::size_t next;
  };
  std::unordered_set<const Expr*> seen_;
  std::vector<Open> open_;
};

/// Rewrites expressions from their leaves up: change(original, rebuilt) of each node, `rebuilt` being the node over changed
/// inputs (the original itself if none changed). Shared nodes stay shared, over all roots of one Rewriting.
class Rewriting {
 public:
  using Change = std::function<ExprPtr(const ExprPtr& original, const ExprPtr& rebuilt)>;
  explicit Rewriting(Change change) : change_(std::move(change)) {}

  ExprPtr operator()(const ExprPtr& root) {
    walk_(root, [&](const ExprPtr& expr) {
      std::vector<ExprPtr> inputs;
      inputs.reserve(expr->inputs.size());
      for (const auto& input : expr->inputs) inputs.push_back(done_.at(input.get()).changed);
      done_.emplace(expr.get(), Done{expr, change_(expr, with_inputs(expr, std::move(inputs)))});
    });
    return done_.at(root.get()).changed;
  }
  /// What a node below an earlier root, or below the one at work, has become.
  const ExprPtr& result_of(const ExprPtr& expr) const { return done_.at(expr.get()).changed; }

 private:
  struct Done {
    ExprPtr original;  ///< kept alive: its address must not be given to another node
    ExprPtr changed;
  };
  Change change_;
  InputsFirst walk_;
  std::unordered_map<const Expr*, Done> done_;
};

/// Answers by key, for walks that ask more than one thing of a node (a box of it, its form at a stage). Each
/// answer is worked out once; working one out may ask for others. It is begun again when those are known, so it asks first
/// for all that it needs, and acts then.
template <typename Key, typename Answer, typename Less = std::less<Key>>
class Answers {
 public:
  /// The answer to another key, or null: not known yet, the work will be begun again.
  using Ask = std::function<const Answer*(const Key&)>;
  /// Nothing if an ask() gave null.
  using Work = std::function<std::optional<Answer>(const Key&, const Ask&)>;
  explicit Answers(Work work) : work_(std::move(work)) {}

  const Answer& operator()(const Key& key) {
    std::vector<Key> open{key};
    std::vector<Key> missing;
    const Ask ask = [&](const Key& other) -> const Answer* {
      const auto found = known_.find(other);
      if (found != known_.end()) return &found->second;
      missing.push_back(other);
      return nullptr;
    };
    while (!open.empty()) {
      const Key at = open.back();
      if (known_.count(at) == 0) {
        std::optional<Answer> answer = work_(at, ask);
        ++begun_;
        if (!missing.empty()) {
          // The first that was asked for is worked out first.
          std::move(missing.rbegin(), missing.rend(), std::back_inserter(open));
          missing.clear();
          continue;
        }
        known_.emplace(at, std::move(*answer));
      }
      open.pop_back();
    }
    return known_.at(key);
  }
  /// From now on another answer.
  void set(const Key& key, Answer answer) { known_.insert_or_assign(key, std::move(answer)); }
  std::size_t size() const { return known_.size(); }
  /// How often work was begun: at most twice an answer, and once more for each of several steps of asking.
  std::size_t begun() const { return begun_; }

 private:
  Work work_;
  std::map<Key, Answer, Less> known_;
  std::size_t begun_ = 0;
};

}  // namespace rankine::array
