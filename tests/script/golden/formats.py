"""f-strings, str.format and percent formats."""
v, n, s = 3.14159, 42, "word"
print(f"{v:.2f}|{v:8.3f}|{v:<8.1f}|{v:>8.1f}|{v:^8.1f}|{v:+.1f}|{v:08.2f}|{v:e}|{v:.3e}|{v:g}|{v:%}|{v:.1%}")
print(f"{n:d}|{n:5d}|{n:<5}|{n:05d}|{n:x}|{n:X}|{n:#x}|{n:b}|{n:#b}|{n:o}|{n:+d}|{n: d}|{n:,}|{1234567:,}|{1234567:_}|{-1234567:,.2f}")
print(f"{s}|{s:>8}|{s:<8}|{s:^8}|{s:*^8}|{s:.2}|{s!r}|{s!s:>6}|{s!r:>8}")
print(f"{v=}|{n = }|{s=}|{v=:.1f}|{n=!s}")
w, p = 10, 3
print(f"{v:{w}.{p}f}|{v:>{w}}|{'nested'!r:>{w}}|{{literal}}|{n}{n}")
print(f"{1e10}|{1e10:g}|{1e-5:g}|{123456789.0:g}|{0.0:g}|{1e20:f}|{100.0:g}|{1.5:G}|{1e-10:E}")
print(f"{3.0:.3}|{1234567.0:.3}|{0.00001234:.3}|{12.0:.2}|{120.0:.2}|{99.96:.3}|{1.0:.1}|{1e16:.17}")
print(f"{True}|{True:d}|{None}|{[1, 2]}|{(1,)}|{ {'a': 1} }|{float('nan'):.2f}|{float('inf'):8.1f}|{-1.5:=8}|{-5:=+6d}")
print(f'{"a" if n > 3 else "b"} {n * 2 + 1} {[i for i in range(3)]} {s.upper()} {"x" "y"}')
print("{} {} {}".format(1, "b", 2.5), "{1} {0}".format("a", "b"), "{x:.2f} {y}".format(x=1.0, y="z"))
print("{0[1]} {0}".format([5, 6]), "{:>6}|{:<6}|{:^6}".format(1, 2, 3), "{{}}".format(), "{!r}".format("q"))
print("{:{}.{}f}".format(3.14159, 10, 2), "{a[k]}".format(a={"k": 7}))
print("%d %s %5.2f %-6s| %06d %x %e %g %% %r %+d" % (7, "t", 2.5, "ab", 42, 255, 12345.678, 0.0001, "q", 3))
print("%s" % 5, "%s %s" % ("a", [1]), "%(name)s is %(age)d" % {"name": "x", "age": 3}, "%5s|%-5s|%.2s" % ("a", "b", "cde"))
print("%*d" % (6, 42), "%c" % "x", "%i" % 3.7, "%.3f" % 2)
print(f"""multi
line {n}""")
print(rf"raw \n {n}", r"\t", "tab\tnew\\n", 'q"q', "it's", "a\x41\u00e9\101")
print(repr("it's"), repr('say "x"'), repr("new\nline\t\\"), repr('both \' "'))
print(f"{1234.5:,}", f"{1234567.891:,.1f}", f"{0.5:.0%}", f"{12:c<5}", f"{7:05}", f"{-7:05}", f"{'é':>3}|")
print(f"{1_000_000:012,}", f"{12345.678:015,.2f}", f"{255:#010x}", f"{0xdeadbeef:_x}")
