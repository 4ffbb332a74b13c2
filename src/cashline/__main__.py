"""`python -m cashline …` is the same as `cashline …`."""

from cashline.surfaces.cli.main import main

if __name__ == "__main__":
    main()
