# try, except, else, finally, raise: which handler runs, in what order, and what the exceptions say.
import math
import sys


def attempt(name, action):
    try:
        print(name, "gives", action())
    except ZeroDivisionError as e:
        print(name, "divides by zero:", e)
    except (KeyError, IndexError) as e:
        print(name, "looks up:", type(e).__name__, e, repr(e))
    except ValueError as e:
        print(name, "has a bad value:", e)
    except Exception as e:
        print(name, "fails:", type(e).__name__, "-", e)
    else:
        print(name, "is fine")
    finally:
        print(name, "is over")


attempt("sum", lambda: 1 + 2)
attempt("division", lambda: 1 / 0)
attempt("floor", lambda: 1 // 0)
attempt("float division", lambda: 1.0 / 0)
attempt("modulo", lambda: 7 % 0)
attempt("key", lambda: {"a": 1}["b"])
attempt("number key", lambda: {1: 1}[2])
attempt("pop of a key", lambda: {}.pop("x"))
attempt("index", lambda: [1, 2][5])
attempt("tuple index", lambda: (1, 2)[-3])
attempt("text index", lambda: "ab"[9])
attempt("empty list", lambda: [].pop())
attempt("int", lambda: int("seven"))
attempt("float", lambda: float("x.5"))
attempt("root", lambda: math.sqrt(-1))
attempt("least", lambda: min([]))
attempt("concatenation", lambda: "a" + 1)
attempt("operands", lambda: 1 + "a")
attempt("order", lambda: 1 < "a")
attempt("call", lambda: 5())
attempt("iteration", lambda: list(5))
attempt("length", lambda: len(5))
attempt("unhashable", lambda: {[1]: 2})
attempt("index method", lambda: [1, 2].index(3))
attempt("recursion", lambda: (lambda f: f(f))(lambda f: f(f)))


def unpack(values):
    a, b = values
    return a + b


attempt("unpacking too much", lambda: unpack([1, 2, 3]))
attempt("unpacking too little", lambda: unpack([1]))


def raising(e):
    raise e


for e in [ValueError("too hot"), ValueError, ValueError("a", 1), KeyError("k"), RuntimeError(), TypeError("t"), OSError("disk"),
          NotImplementedError("later"), AssertionError("no"), StopIteration(3), FileNotFoundError("x.nc"), Exception("plain", 2, [3])]:
    try:
        raising(e)
    except Exception as error:
        print(type(error).__name__, str(error), repr(error), error.args)

# Classes and their bases.
for error in [ZeroDivisionError("z"), KeyError("k"), IndexError("i"), FileNotFoundError("f"), PermissionError("p"), NotImplementedError("n"),
              UnicodeError("u"), ModuleNotFoundError("m"), RecursionError("r"), TimeoutError("t")]:
    caught = []
    for base in [ArithmeticError, LookupError, OSError, IOError, RuntimeError, ValueError, ImportError, Exception, BaseException]:
        try:
            raise error
        except base:
            caught.append(base.__name__)
        except BaseException:
            pass
    print(type(error).__name__, caught, isinstance(error, Exception), isinstance(error, (ValueError, OSError)))


# Order of else and finally, with returns, breaks and exceptions in them.
def order(what):
    steps = []
    try:
        try:
            steps.append("body")
            if what == "value":
                raise ValueError("v")
            if what == "type":
                raise TypeError("t")
            if what == "return":
                return steps
        except ValueError:
            steps.append("handler")
        else:
            steps.append("else")
        finally:
            steps.append("inner finally")
        steps.append("after")
    except TypeError as e:
        steps.append(f"outer {e}")
    finally:
        steps.append("outer finally")
    return steps


for what in ["nothing", "value", "type", "return"]:
    print(what, order(what))


def finally_wins():
    try:
        return "body"
    finally:
        return "finally"


def finally_swallows():
    for i in range(3):
        try:
            raise ValueError(i)
        finally:
            if i < 2:
                continue
            break
    return i


def returned_before():
    def noisy():
        return "noise"

    try:
        return "kept"
    finally:
        noisy()


def with_continue():
    seen = []
    for i in range(6):
        try:
            if i == 1:
                continue
            if i == 4:
                break
            seen.append(i)
        finally:
            seen.append(-i)
    else:
        seen.append("never")
    return seen


print(finally_wins(), finally_swallows(), returned_before(), with_continue())


# Raising again, from within, and from another.
def again():
    try:
        int("x")
    except ValueError:
        raise


def other():
    try:
        {}["missing"]
    except KeyError as e:
        raise RuntimeError("no such thing") from e


for f in [again, other]:
    try:
        f()
    except Exception as e:
        print(type(e).__name__, e, repr(e.__cause__))

try:
    try:
        raise ValueError("first")
    except ValueError as e:
        try:
            raise KeyError("second")
        except KeyError:
            print("second is handled")
        print("still", e)
        raise
except ValueError as e:
    print("again", e)

try:
    raise
except RuntimeError as e:
    print(e)

try:
    raise 5
except TypeError as e:
    print(e)

error = "outer"
try:
    raise ValueError("inner")
except ValueError as error:
    print(error)
try:
    print(error)
except NameError as e:
    print("the name is gone:", type(e).__name__)

try:
    assert 1 + 1 == 3, "arithmetic"
except AssertionError as e:
    print("assertion:", e)
try:
    assert []
except AssertionError as e:
    print("assertion:", repr(e))


def local():
    try:
        print(later)
    except UnboundLocalError as e:
        print(type(e).__name__)
    later = 1
    return later


print(local())

try:
    import no_such_module_anywhere
except ImportError:
    no_such_module_anywhere = None
print(no_such_module_anywhere)

try:
    sys.exit(3)
except SystemExit:
    print("not yet")

try:
    pass
except:
    print("never")
else:
    print("else without anything to catch")

try:
    [1][2]
except:
    print("a bare except")

try:
    try:
        1 / 0
    except [ValueError]:
        pass
except TypeError:
    print("a list is no class of exceptions")

numbers = iter([1, 2])
print(next(numbers), next(numbers), next(numbers, "no more"))
try:
    next(numbers)
except StopIteration as e:
    print("stopped", e.args)
