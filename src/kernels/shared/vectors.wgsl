// Four numbers at once, any of them NaN or infinite.

alias value = vec4f;

// By its bits: a compiler may assume that there are no NaNs.
fn is_nan(v: vec4f) -> vec4<bool> { return (bitcast<vec4u>(v) & vec4u(0x7fffffffu)) > vec4u(0x7f800000u); }

// a / b for every b: above 2^126 a division promises nothing (WGSL, 15.7.4), and on one adapter it gives 0.
fn divide(a: value, b: value) -> value {
  let smaller = select(value(1.0), value(0.25), abs(b) > value(8.5e37));
  return (a * smaller) / (b * smaller);
}

// The language's own exp need not pass NaN on, and on one adapter does not. To a part in a million up to |x| of 20.
fn exponential(x: vec4f) -> vec4f { return select(exp(x), x, is_nan(x)); }

// 1 / (1 + exp(-x)), where nothing overflows.
fn sigmoid(x: vec4f) -> vec4f {
  let e = exponential(-abs(x));
  return select(e, vec4f(1.0), x >= vec4f()) / (1.0 + e);
}

// log(1 + x) for 0 <= x <= 1, to an ulp or two also near 0: twice the series of the inverse hyperbolic tangent.
fn log_plus_1(x: vec4f) -> vec4f {
  let s = x / (1.0 + 0.5 * x);
  let z = 0.25 * s * s;
  return s * (1.0 + z * (0.33333333 + z * (0.2 + z * (0.14285714 + z * (0.11111111 + z * (0.09090909 + z * 0.07692308))))));
}
