// Exception classes and their objects, as scripts see them.
#include "script/interpreter.hpp"
#include "script/operations.hpp"

namespace rankine::script {

void add_exceptions(BindingTable& table) {
  const auto make = [](Interpreter&, const Arguments& args) -> Value {
    return make_exception(args.binding->name.substr(5), args.rest);  // after "type "
  };
  const auto type_object = [](Interpreter&, const Arguments& args) -> Value {
    auto type = std::make_shared<TypeObject>();
    type->name = args.binding->name;
    return type;
  };
  for (const std::string& name : exception_classes()) {
    if (name == "CancelledError" || name == "KilledWorker") continue;
    table.method(Type::builtins, ("type " + name).c_str(), "*args", Type::exception, make);
    table.property(Type::builtins, name.c_str(), Type::type_object, type_object);
  }
  table.property(Type::builtins, "IOError", Type::type_object, [](Interpreter&, const Arguments&) -> Value {
    auto type = std::make_shared<TypeObject>();
    type->name = "OSError";
    return type;
  });
  for (const char* name : {"CancelledError", "KilledWorker", "TimeoutError"})
    table.property(Type::dask_distributed, name, Type::type_object, type_object);

  table.property(Type::exception, "args", Type::tuple, [](Interpreter&, const Arguments& args) -> Value {
    return make_tuple(args.self.as<ExceptionObject>()->arguments);
  });
  table.property(Type::exception, "__cause__", any, [](Interpreter&, const Arguments& args) -> Value {
    return args.self.as<ExceptionObject>()->cause;
  });
  table.property(Type::exception, "__class__", Type::type_object, [](Interpreter&, const Arguments& args) -> Value {
    auto type = std::make_shared<TypeObject>();
    type->name = args.self.as<ExceptionObject>()->name;
    return type;
  });
  table.method(Type::exception, "with_traceback", "tb", Type::exception, [](Interpreter&, const Arguments& args) -> Value { return args.self; });
  table.property(Type::type_object, "__name__", Type::text,
                 [](Interpreter&, const Arguments& args) -> Value { return args.self.as<TypeObject>()->name; });
  table.property(Type::function, "__name__", Type::text, [](Interpreter&, const Arguments& args) -> Value {
    const auto function = args.self.as<FunctionObject>();
    if (!function->bound_callee.is_none()) return function->method_name;
    return function->definition ? function->definition->name : function->binding != nullptr ? function->binding->name : function->kernel;
  });
}

}  // namespace rankine::script
