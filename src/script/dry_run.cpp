#include "script/dry_run.hpp"

#include <algorithm>
#include <set>

#include "base/missing_error.hpp"
#include "script/dry_host.hpp"
#include "script/effects.hpp"
#include "script/interpreter.hpp"
#include "script/labelled.hpp"
#include "script/python_error.hpp"
#include "script/replacements.hpp"

namespace rankine::script {

namespace {

// A script that makes a million calls is not walked through twice: this many expressions take a fraction of a second.
constexpr std::size_t most_steps = 200'000;
// Elements of an array that a script makes of numbers; more are not made twice.
constexpr double most_elements = 1 << 20;

bool is_random(Type owner) {
  return owner == Type::random || owner == Type::numpy_random || owner == Type::random_state || owner == Type::dask_array_random;
}

/// Methods of containers that leave them as they are.
bool only_looks(const std::string& method) {
  static const std::set<std::string> names = {"index", "count", "copy", "get", "keys", "values", "items", "union", "intersection",
                                              "difference", "symmetric_difference", "issubset", "issuperset", "isdisjoint"};
  return names.contains(method);
}
bool changes_its_object(const Binding& binding) {
  const bool container = binding.owner == Type::list || binding.owner == Type::dict || binding.owner == Type::set ||
                         binding.owner == Type::iterator || binding.owner == Type::random_state;
  return container && !only_looks(binding.name);
}

/// Whether NumPy would make or draw a large array of these numbers: np.zeros((4000, 4000)).
bool makes_much(const Binding& binding, const Values& positional, const Keywords& keywords) {
  if (binding.owner != Type::numpy && !is_random(binding.owner) && binding.owner != Type::builtins) return false;
  static const std::set<std::string> of_builtins = {"list", "tuple", "sorted", "sum", "set", "max", "min", "map", "enumerate", "zip"};
  static const std::set<std::string> of_numbers = {"zeros", "ones", "full", "arange", "linspace"};
  const bool counts_numbers = is_random(binding.owner) || of_numbers.contains(binding.name);
  double elements = 1;
  const auto count = [&](const Value& value) {
    if (is_unknown(value)) return;
    if (const auto* number = value.integer()) elements *= counts_numbers ? std::max<double>(1, static_cast<double>(*number)) : 1;
    else if (const auto* real = value.floating()) elements *= counts_numbers ? std::max(1.0, *real) : 1;
    else if (const auto range = value.as<RangeObject>()) elements *= std::max<double>(1, static_cast<double>(range->size()));
    else if (const auto tuple = value.as<TupleObject>()) {
      for (const Value& extent : tuple->elements)
        if (!is_unknown(extent) && extent.integer() != nullptr) elements *= std::max<double>(1, static_cast<double>(*extent.integer()));
    } else if (const auto array = value.as<ArrayObject>()) {
      elements *= std::max<double>(1, static_cast<double>(array->array.size()));
    }
  };
  if (binding.owner == Type::builtins) {
    if (!of_builtins.contains(binding.name.starts_with("type ") ? binding.name.substr(5) : binding.name)) return false;
    for (const Value& value : positional)
      if (!is_unknown(value) && value.as<RangeObject>()) count(value);
  } else {
    for (const Value& value : positional) count(value);
    for (const auto& [name, value] : keywords) count(value);
  }
  return elements > most_elements;
}

bool knows_arrays(Type owner) { return (owner >= Type::data_array && owner <= Type::dataset_weighted) || owner == Type::xarray; }

/// Errors about arrays are as certain as their dims are. Others are Python's own, which a script may be written to end with
/// after it has printed what it has to say: they wait for their line.
bool is_about_arrays(const Error& error) {
  return error.code() == ExitCode::usage && dynamic_cast<const PythonError*>(&error) == nullptr &&
         dynamic_cast<const RaisedError*>(&error) == nullptr && dynamic_cast<const ScriptError*>(&error) == nullptr &&
         dynamic_cast<const PositionError*>(&error) == nullptr;
}

/// An error that the run would end with, as the run would tell it.
Refusal refusal_of(Interpreter& in, const Error& error) {
  Refusal refusal = make_refusal(in.source(), in.place_of_error(), error.what());
  try {
    in.fail_with(error);
  } catch (const ScriptError& told) {
    refusal.traceback = told.what();
  } catch (const Error&) {
  }
  return refusal;
}

}  // namespace

void DryRun::enter(const void* part, Span place) {
  if (++steps_ > most_steps) end(place);
  entered_ = part;
  of_python_ = false;
}

void DryRun::go_over(std::size_t elements, Span place) {
  constexpr std::size_t elements_a_step = 50;
  steps_ += elements / elements_a_step;
  if (steps_ > most_steps) end(place);
}

void DryRun::end(Span place) {
  ended_line_ = source_.place(place.begin).line;
  throw DryRunEnds();
}

void DryRun::note(Interpreter& in, const Error& error) {
  const Refusal told = refusal_of(in, error);
  // The last line of a traceback names the class too.
  const std::string message = told.traceback.empty() ? error.what() : told.traceback.substr(told.traceback.rfind('\n') + 1);
  // A loop comes to it again and again.
  if (std::none_of(notes_.begin(), notes_.end(), [&](const auto& one) { return one.line == told.line && one.message == message; }))
    notes_.push_back({told.line, message});
}

Value DryRun::unknown() {
  any_unknown_ = true;
  return make_unknown();
}

Value DryRun::refuse(Span place, const UnsupportedError& error) {
  if (tries_ > 0 && any_unknown_) end(place);
  const auto* name = dynamic_cast<const UnsupportedName*>(&error);
  refusals_.push_back(make_refusal(source_, place, error.what(), name == nullptr ? nullptr : name->instead));
  return unknown();
}

Value DryRun::without(Interpreter& in, const Expression& e, const std::shared_ptr<Environment>& env) {
  bool effects = false;
  const bool leaves_out_parts = e.as<Logical>() != nullptr || e.as<Conditional>() != nullptr || e.as<Comprehension>() != nullptr ||
                                e.as<Comparison>() != nullptr || e.as<DictDisplay>() != nullptr || e.as<ListDisplay>() != nullptr ||
                                e.as<TupleDisplay>() != nullptr || e.as<SetDisplay>() != nullptr || e.as<FormattedString>() != nullptr;
  if (leaves_out_parts) effects = may_have_effects(e, in, env);
  else if (const auto* call = e.as<Call>()) effects = call_may_have_effects(*call, in, env);
  if (effects) end(e.span);
  return unknown();
}

void DryRun::bind_unknown(Interpreter& in, const std::vector<std::string>& names, const std::shared_ptr<Environment>& env) {
  for (const auto& name : names) in.bind_for_dry_run(name, unknown(), env);
}

void DryRun::without(Interpreter& in, const Statement& s, const std::shared_ptr<Environment>& env) {
  std::vector<std::string> names;
  bool certain = false;
  if (std::holds_alternative<Assert>(s.node)) return;
  if (const auto* n = std::get_if<Assign>(&s.node)) {
    certain = std::all_of(n->targets.begin(), n->targets.end(), [&](const auto& target) { return target_names(*target, names); });
  } else if (const auto* n = std::get_if<If>(&s.node)) {
    certain = binds_names_alone(n->body, in, env, names) && binds_names_alone(n->otherwise, in, env, names);
  } else if (const auto* n = std::get_if<For>(&s.node)) {
    certain = target_names(*n->target, names) && binds_names_alone(n->body, in, env, names, true) && binds_names_alone(n->otherwise, in, env, names);
  } else if (const auto* n = std::get_if<While>(&s.node)) {
    certain = binds_names_alone(n->body, in, env, names, true) && binds_names_alone(n->otherwise, in, env, names);
  } else if (const auto* n = std::get_if<AugmentedAssign>(&s.node)) {
    const auto* name = n->target->as<Name>();
    const Value* old = name == nullptr ? nullptr : in.look_up(name->id, env);
    certain = old != nullptr && (is_unknown(*old) || (old->type() != Type::list && old->type() != Type::dict && old->type() != Type::set)) &&
              target_names(*n->target, names);
  }
  if (!certain) end(s.span);
  bind_unknown(in, names, env);
}

Value DryRun::call(Interpreter& in, const Binding& binding, const Value& self, Values positional, Keywords keywords) {
  if (is_unknown(self)) throw UnknownValue();
  // An array that is computed is the same array.
  if ((binding.name == "load" || binding.name == "compute" || binding.name == "persist") && is_labelled(self)) return self;
  const Binding* row = &binding;
  if (binding.owner == Type::xarray && binding.name == "load_dataset") row = BindingTable::instance().find(Type::xarray, "open_dataset");
  if (makes_much(binding, positional, keywords)) throw UnknownValue();
  Values given = positional;
  given.push_back(self);
  for (const auto& [name, value] : keywords) given.push_back(value);
  // What was half done cannot be left so.
  const auto end_if_half_done = [&, place = in.place()] {
    if (changes_its_object(binding) || std::any_of(given.begin(), given.end(), is_script_code)) end(place);
  };
  try {
    return row->function(in, match_arguments(*row, self, std::move(positional), std::move(keywords)));
  } catch (const UnknownValue&) {
    end_if_half_done();
    throw;
  } catch (const InputError& error) {
    note(in, error);
    in.forget_trace();
    throw UnknownValue();  // the file may come, or be another when its line runs
  } catch (const Error& error) {
    of_python_ |= !knows_arrays(binding.owner);
    // What was said of a value that is not known is not true.
    if (error.code() == ExitCode::interrupted || std::none_of(given.begin(), given.end(), [](const Value& v) { return holds_unknown(v); })) throw;
    in.forget_trace();
    end_if_half_done();
    throw UnknownValue();
  }
}

void DryRun::run(const SourceText& source, const Block& script, Host& host, CheckReport& report) {
  struct Meanwhile {
    Host& host;
    explicit Meanwhile(Host& h) : host(h) { host.begin_dry_run(); }
    ~Meanwhile() { host.end_dry_run(); }
  } meanwhile(host);
  DryRun dry_run(source);
  DryHost dry_host(host);
  Interpreter in(source, dry_host);
  try {
    in.run_dry(script, dry_run);
  } catch (const DryRunEnds&) {
    if (dry_run.ended_line_ == 0) dry_run.ended_line_ = source.place(in.place().begin).line;
  } catch (const ScriptExit&) {
  } catch (const std::bad_alloc&) {
  } catch (const Error& error) {
    if (error.code() == ExitCode::interrupted) throw;
    if (is_about_arrays(error) && !dry_run.of_python_ && dry_run.refusals_.empty() && !(dry_run.tries_ > 0 && dry_run.any_unknown_))
      dry_run.refusals_.push_back(refusal_of(in, error));
    else
      dry_run.note(in, error);
  }
  // They know the types, so theirs is the word about a place.
  report.refusals.insert(report.refusals.begin(), dry_run.refusals_.begin(), dry_run.refusals_.end());
  report.unknown_from_line = dry_run.ended_line_;
  report.notes = std::move(dry_run.notes_);
  sort_refusals(report);
}

}  // namespace rankine::script
