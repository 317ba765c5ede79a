import lossy


def test_leaking():
    lossy.lose()


def test_clean():
    lossy.keep()
