"""The adjoints in the docstrings of the cells, for one step of one stream.

Each takes effective parameters ``p``, the state ``s`` before the step, the input ``x``, the state
``n`` after it, and the gradients ``gy`` and ``g`` of a loss to the output and to ``n``; it returns
those to the parameters and to ``s``.
"""

import math

import torch
from torch import outer


def amrc(p, s, x, n, gy, g):
    h, m = s["h"], s["m"]
    v = n["h"] - p["beta"] * h
    e = g["h"] + p["V"].T @ gy
    a = (e + p["alpha"] * g["m"]) * (1 - v**2)
    grads = {"V": outer(gy, n["h"]), "c": gy, "beta": e * h, "alpha": g["m"] * (v - m)}
    grads |= {"W": outer(a, x), "b": a, "kappa": a * m}
    gh = p["beta"] * e
    if "P" in p:
        back = p["P"].T @ a
        grads |= {"P": outer(a, p["R"] @ h), "R": outer(back, h)}
        gh = gh + p["R"].T @ back
    return grads, {"h": gh, "m": (1 - p["alpha"]) * g["m"] + p["kappa"] * a}


def pmrc(p, s, x, n, gy, g):
    h, m, v = s["h"], s["m"], n["h"] - p["beta"] * s["h"]
    grads, before = {}, {}
    if "omega" in p:
        gy = gy + g["y"]
        grads["omega"], before["y"] = gy * s["y"], p["omega"] * gy
    e = g["h"] + p["V"].T @ gy
    grads |= {"V": outer(gy, n["h"]), "c": gy, "beta": e * h}
    if "Wg" in p:
        a = e * (1 - v**2)
        gate = torch.sigmoid(p["Wg"] @ x + p["Ug"] @ m + p["bg"])
        k = torch.tanh(p["Wc"] @ x + p["bc"])
        zg, zc = g["m"] * (k - m) * gate * (1 - gate), g["m"] * gate * (1 - k**2)
        grads |= {"Wg": outer(zg, x), "Ug": outer(zg, m), "bg": zg, "Wc": outer(zc, x), "bc": zc}
        before["m"] = (1 - gate) * g["m"] + a + p["Ug"].T @ zg
    else:
        a = (e + p["alpha"] * g["m"]) * (1 - v**2)
        grads |= {"alpha": g["m"] * (v - m), "kappa": a * m}
        before["m"] = (1 - p["alpha"]) * g["m"] + p["kappa"] * a
    grads |= {"W": outer(a, x), "b": a}
    before["h"] = p["beta"] * e
    if "U" in p:
        grads["U"], before["h"] = outer(a, h), before["h"] + p["U"].T @ a
    return grads, before


def liquid(s, f, after, leak, gain, g):
    """Gradients to s, f, leak and gain."""
    e = g / (1 + leak * (1 + gain * f.abs()))
    return (
        e,
        leak * gain * e * (1 - after * f.sign()),
        e * (gain * f - after * (1 + gain * f.abs())),
        leak * e * (f - after * f.abs()),
    )


def store(p, before, s, after, gr, gm):
    """Gradients of a gated store to its parameters, to s and to the store before."""
    k, q, decay = torch.sigmoid(p["K"] @ s), torch.sigmoid(p["Q"] @ s), p["decay"]
    gm = gm + outer(q, gr)
    zq = (after @ gr) * q * (1 - q)
    taken = gm * p["Vv"] * s
    zk = (1 - decay) * k * (1 - k) * taken.sum(1)
    w = ((1 - decay) * k)[:, None]
    grads = {
        "K": outer(zk, s),
        "Q": outer(zq, s),
        "Vv": gm * w * s,
        "decay": (gm * (before - k[:, None] * p["Vv"] * s)).sum(1),
    }
    gs = (gm * p["Vv"] * w).sum(0) + p["K"].T @ zk + p["Q"].T @ zq
    return grads, gs, decay[:, None] * gm


def amn(p, s, x, n, gy, g):
    decay, keep = p["decay"], (1 - p["L"] ** 2).sqrt()
    q = torch.tanh(p["Q"] @ n["l"])
    r = s["Mm"].T @ q
    rho = (1 + (r**2).mean()).sqrt()
    r = r / rho
    out = 0.7 * n["l"] + 0.3 * r
    k, content = torch.sigmoid(p["K"] @ out), p["Vv"] @ out
    w = k * content
    t = (1 - decay) * (g["Mm"] @ out)
    zk, zv = t * content * k * (1 - k), t * k
    gs = p["C"].T @ gy + g["Mm"].T @ ((1 - decay) * w) + p["K"].T @ zk + p["Vv"].T @ zv
    gr = 0.3 * (gs - r * (gs @ r) / len(r)) / rho
    zq = (s["Mm"] @ gr) * (1 - q**2)
    gl, gj = g["l"] + 0.7 * gs + p["Q"].T @ zq, g["j"]
    cos, sin = p["theta"].cos(), p["theta"].sin()
    real, imaginary = cos * s["l"] - sin * s["j"], sin * s["l"] + cos * s["j"]
    f = torch.tanh(p["Bi"] @ x + p["b"])
    gh, gf, leak, gain = liquid(s["h"], f, n["h"], p["A"], p["B"], g["h"] + keep * gl)
    zf = gf * (1 - f**2)
    grads = {
        "C": outer(gy, out),
        "D": outer(gy, x),
        "c": gy,
        "decay": (g["Mm"] * (s["Mm"] - outer(w, out))).sum(1),
        "K": outer(zk, out),
        "Vv": outer(zv, out),
        "Q": outer(zq, n["l"]),
        "L": gl * real + gj * imaginary - gl * n["h"] * p["L"] / keep,
        "theta": p["L"] * (gj * real - gl * imaginary),
        "A": leak,
        "B": gain,
        "Bi": outer(zf, x),
        "b": zf,
    }
    before = {
        "h": gh,
        "l": p["L"] * (gl * cos + gj * sin),
        "j": p["L"] * (gj * cos - gl * sin),
        "Mm": decay[:, None] * g["Mm"] + outer(q, gr),
    }
    return grads, before


def dtpn(p, s, x, n, gy, g):
    e = (p["V"].T @ gy + g["h"]) * (1 - n["h"] ** 2)
    gr, gm = g["r"] + e, g["m"] + e
    k = torch.sigmoid(p["K"] @ n["u"])
    d = (1 - p["delta"]) * gr
    zk = (p["G"].T @ d) * k * (1 - k)
    gu = e + p["alpha"] * gm + p["K"].T @ zk + g["u"]
    a = gu * (1 - (n["u"] - p["beta"] * s["u"]) ** 2)
    grads = {
        "V": outer(gy, n["h"]),
        "c": gy,
        "delta": gr * (s["r"] - p["G"] @ (k - 0.5)),
        "G": outer(d, k - 0.5),
        "K": outer(zk, n["u"]),
        "alpha": gm * (n["u"] - s["m"]),
        "beta": gu * s["u"],
        "W": outer(a, x),
        "U": outer(a, s["h"]),
        "b": a,
    }
    before = {
        "h": p["U"].T @ a,
        "u": p["beta"] * gu,
        "m": (1 - p["alpha"]) * gm,
        "r": p["delta"] * gr,
    }
    return grads, before


def hyper_amn(p, s, x, n, gy, g):
    gates = torch.softmax(p["Gx"] @ x + p["G"] @ s["g"] + p["d"], 0)
    keep, drive = (1 - p["L"] ** 2).sqrt(), p["Bi"] @ x + p["b"]
    z = p["L"] * s["s"] + keep * drive
    f = torch.tanh(z)
    q = torch.sigmoid(torch.einsum("nmh,nh->nm", p["Q"], n["s"]))
    r = torch.tanh(torch.einsum("nm,nmh->nh", q, n["Mm"]))
    o = 0.7 * n["s"] + 0.3 * r
    e = p["C"].T @ gy + g["g"]
    chosen = (p["X"] @ o) @ e
    zeta = gates * (chosen - gates @ chosen)
    go = outer(p["X"].T @ gates, e)
    gr = 0.3 * go * (1 - r**2)
    parts = [
        store({k: p[k][i] for k in ("K", "Q", "Vv", "decay")}, s["Mm"][i], n["s"][i], n["Mm"][i],
              gr[i], g["Mm"][i])
        for i in range(len(gates))
    ]  # fmt: skip
    gs = 0.7 * go + g["s"] + torch.stack([part[1] for part in parts])
    gz, gf, leak, gain = liquid(z, f, n["s"], p["A"], p["B"], gs)
    gz = gz + gf * (1 - f**2)
    zi = (keep * gz).sum(0)
    grads = {k: torch.stack([part[0][k] for part in parts]) for k in parts[0][0]}
    grads |= {
        "C": outer(gy, n["g"]),
        "D": outer(gy, x),
        "c": gy,
        "X": outer(gates, o @ e),
        "Gx": outer(zeta, x),
        "G": outer(zeta, s["g"]),
        "d": zeta,
        "A": leak,
        "B": gain,
        "L": gz * (s["s"] - drive * p["L"] / keep),
        "Bi": outer(zi, x),
        "b": zi,
    }
    stores = torch.stack([part[2] for part in parts])
    return grads, {"g": p["G"].T @ zeta, "s": p["L"] * gz, "Mm": stores}


def sgw_amn(p, s, x, n, gy, g):
    w, size = s["w"], len(s["w"])
    z, curve, cubic = p["Wi"] @ x + p["Wb"] @ w + p["b"], math.sqrt(2 / math.pi), 0.044715
    tau = torch.tanh(curve * (z + cubic * z**3))
    a, slope = z * (1 + tau) / 2, (1 + tau + z * (1 - tau**2) * curve * (1 + 3 * cubic * z**2)) / 2
    norm = p["Wc"].abs().sum(1)
    share = torch.softmax(a.abs() * norm / p["T"], 0)
    f = torch.tanh(size * (share * a) @ p["Wc"] + s["R"] @ w)
    units = torch.tanh(p["Wp"] @ n["w"] + p["e"])
    r = torch.tanh(torch.sigmoid(p["Q"] @ units) @ n["Mm"])
    go = p["Wo"].T @ gy
    grads, gs, gstore = store(p, s["Mm"], units, n["Mm"], 0.3 * go * (1 - r**2), g["Mm"])
    zp = (0.7 * go + gs) * (1 - units**2)
    gr = (1 - p["rho"])[:, None] * g["R"]
    gw = g["w"] + p["Wp"].T @ zp + (gr + gr.T) @ n["w"]
    gw, gf, leak, gain = liquid(w, f, n["w"], p["A"], p["B"], gw)
    z = gf * (1 - f**2)
    t = size * p["Wc"] @ z
    gshare = t * a
    ge = share * (gshare - share @ gshare) / p["T"]
    za = (t * share + ge * norm * a.sign()) * slope
    grads |= {
        "Wo": outer(gy, 0.7 * units + 0.3 * r),
        "c": gy,
        "Wp": outer(zp, n["w"]),
        "e": zp,
        "rho": (g["R"] * (s["R"] - outer(n["w"], n["w"]))).sum(1),
        "A": leak,
        "B": gain,
        "Wc": size * outer(share * a, z) + (ge * a.abs())[:, None] * p["Wc"].sign(),
        "T": -(ge * a.abs() * norm).sum() / p["T"],
        "Wi": outer(za, x),
        "Wb": outer(za, w),
        "b": za,
    }
    gw = gw + s["R"].T @ z + p["Wb"].T @ za
    return grads, {"w": gw, "R": p["rho"][:, None] * g["R"] + outer(z, w), "Mm": gstore}


def ndm_frozen(p, s, x, n, gy, g):
    """As if every fast weight were kept whole."""
    grads, before = ndm(p | {"lam": torch.ones_like(p["lam"])}, s, x, n, gy, g)
    return grads | {"lam": 0 * grads["lam"]}, before


def ndm(p, s, x, n, gy, g):
    h, mu, lam, rho, zeta = s["h"], s["mu"], p["lam"], p["rho"], p["zeta"]
    root = len(h) ** -0.5
    fast = (1 - lam)[:, None] * g["F"] * root
    post, pre = n["h"] - mu, h - mu
    e = g["h"] + p["Wo"].T @ gy + (1 - rho) * g["mu"] + fast @ pre
    t = fast.T @ post
    v = h + (n["h"] - h) / zeta
    a = zeta * e * (1 - v**2)
    grads, gs, gstore = store(p, s["Mm"], h, n["Mm"], a, g["Mm"])
    grads |= {
        "Wo": outer(gy, n["h"]),
        "c": gy,
        "lam": (g["F"] * (s["F"] - outer(post, pre) * root)).sum(1),
        "rho": g["mu"] * (mu - n["h"]),
        "zeta": e * (v - h),
        "Wi": outer(a, x),
        "b": a,
        "Wh": outer(a, h),
        "pi": a * (s["F"] @ h),
    }
    driven = p["pi"] * a
    before = {
        "h": (1 - zeta) * e + t + p["Wh"].T @ a + s["F"].T @ driven + gs,
        "mu": rho * g["mu"] - fast @ pre - t,
        "F": lam[:, None] * g["F"] + outer(driven, h),
        "Mm": gstore,
    }
    return grads, before
