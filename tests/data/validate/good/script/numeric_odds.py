x = 0xFF if True else 0b1010
y = 1_000_000; z = 1e-3j
print(x, y, z, f"{x:>{10}} {y!r:^20} {z=} {{literal}} {[i for i in range(3)]}")
def f(a, /, b, *args, c=1, **kw) -> "str": return f'{a}{b}{args}{c}{kw}'
print(f(1, 2, 3, c=4, d=5), (lambda *a, k=1: (a, k))(1), [*range(2)], {**{"a": 1}}, {1, 2}, not x in [1], -x ** 2)
a, *b = (c := 5), 6, 7
for i, in [(1,)]: print(i, end=" ")
else: print()
try:
    assert a == 5, "no"
except (AssertionError, TypeError) as e: raise SystemExit(1) from e
finally: print("end"); 
with open(__file__) as one, open(__file__) as two: print(one.readline() == two.readline())
class A(object, metaclass=type):
    x: int = 1
    def __matmul__(self, o): return self.x @ 1 if False else o
@print
def decorated(): ...
match = {"case": 1}
print(match["case"], A() @ 3, "a" "b" \
      'c', r"\d", b"\x00", """multi
line""")
if x: pass
while False: break
del match
async def g():
    async with None as q: yield q
    return
print(1if x else 2, x<y!=z, ..., None is not None)
