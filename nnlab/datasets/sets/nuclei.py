"""Cell nuclei under a fluorescence microscope: 434 images with a mask of each of 12,187 nuclei.

They are part of the 670 training images of the Data Science Bowl 2018: bright nuclei on black, at
most 360 pixels wide and high. Many are tiles cut from the same larger image.
"""

import io

import numpy as np

from nnlab.datasets.sets import DataFile, Dataset

# How the names of the 434 images begin; the published archive holds 236 others, too.
CHOSEN = """
00071198 003cee89 0280fa8f 0287e7ee 02903040 03398329 03b9306f 03f583ec 0402a81e 04acab76
05040e2e 0532c64c 05a8f65e 06350c7c 06c77933 072ff14c 07761fa3 077f026f 08151b19 08ae2741
094afe36 0a7d30b2 0acd2c22 0b2e702f 0bda515e 0bf4b144 0c6507d4 0d2bf916 0ddd8dea 0e5edb07
1023509c 10328b82 11a0170f 12f89395 139946af 13c8ff1f 14cc1424 1609b1b8 16c3d593 1740b0a6
1815cf30 19f0653c 1a75de9e 1a75e9f1 1b2bf593 1b6044e4 1bd0f2b3 1c2f9e12 1c681dfa 1d4a5e72
1d5f4717 1db1cddf 1e61ecf3 1e8408fb 1ee4a111 1f000806 1f9e429c 20468e87 21408476 220b37f4
2227fd9b 2349e95e 237802ac 23830d0e 243443ae 245b9958 27c30f90 2817299f 2869fad5 28d33efe
295ac4ec 29780b28 29dd28df 2a2032c4 2ab91a44 2ad489c1 2b50b1e3 2bf594e9 2c840a94 2cfa857e
2dd9d8c7 2e172afb 2f929b06 30311520 305a8baa 308084bd 309ba76b 30f65741 317832f9 319b6cb8
33618678 33d0a9b2 3441821e 34c9f4eb 356d9903 3582166e 358e47ea 35ca5f14 371a6723 37ed50ee
3852c7e4 3874755f 3a22fe59 3a3fee42 3a508d2d 3ab9cab6 3b3f516e 3b75fc03 3b957237 3bf7873f
3bfd6bb1 3ca81813 3d0ca349 40bcdad2 4185b936 431b9b0c 4327d275 449fe932 44ab6a09 45cc00f2
4829177d 483b89aa 4948e3df 4a424e0c 4b274461 4bf6a5ec 4c032609 4c465a54 4d40de30 4d4ebfca
4ff152d7 50a7ea80 514ccfc7 516a0e20 52a4ac5a 54193025 5488e8df 54cb3328 54fe2d34 55ff2b0e
564fa390 56d0da5b 573a657d 573e1480 57b49733 57d88f45 58406ed8 58c593bc 58cc121d 5908488d
5953af50 5afcbfd0 5b0bde77 5b12df18 5b2ccfb9 5ba4face 5bda829a 5c235b94 5cc036b6 5d2c98fd
5ddbfba2 60344565 608ff81c 60cb7187 61598577 61942930 61a15ccb 623cf698 62570c4f 63d981a1
648636ee 64eeef16 66236902 66612c18 670ebd9d 68f833de 693bc645 6aa7dd0c 6af82abb 6bc8cda5
6bd18a21 6bd33023 6c85029f 6eefe1f0 6fb82031 6fc83b33 70827e40 72b18a40 72e8c49d 75120baa
751f421d 76c44d1a 76c4f14e 777f7c42 77ceeb87 785555c0 7978812d 79794587 7aa1aaa5 7aae06bc
7ac468eb 7af09f98 7b38c917 7b5987a2 7ba20aa7 7c015791 7c318172 7d40ea6e 7f4d7b54 813f41ef
8175a55b 81e2dd95 831218e6 84e642d7 84eeec68 86f9087e 88678981 88d5a03f 89be66f8 8a26b134
8a65e41c 8aa1a883 8b12e186 8b77284d 8bef203f 8d9b4205 8de0b1a2 8e8a7a14 8ecdb935 8f6597cd
8f6e49e4 8fdc3450 91cc2e0d 92e7e86e 930f246a 93c5638e 93cfd412 942d5686 94a5a37c 9586e48a
97126a97 97158b2f 9774c823 98c5ead8 9a71a416 9b25b8ff 9bb6e39d 9bf9f3dc 9c95eae1 9cbc0700
9cdac287 9d429167 9e4f8ec6 9ebcfaf2 9f073db4 9facc652 a022908f a0afead3 a0de5538 a101a00f
a1777737 a1f50f10 a22b7882 a246bcaa a3a1b8f9 a3a65623 a4c729ef a6001531 a6515d73 a6593632
a6e81120 a815a986 a9d884ba aa47f0b3 aa4d989d aa83f5b4 abbfff07 abc781c8 ac782d2c ac8169a0
adc315bd ae9f76b5 af8621ef b0d6dfcc b0defa61 b1a23983 b1e3aeb0 b1eb0123 b2c23ddb b2c5d865
b3a9f4c9 b3b1626f b3bfd873 b4d902d4 b4de1e3e b560dba9 b67a6e5d b6c9b58d b6d50fa2 b6edad73
b7a86f49 b82548ab b8fdc02d b98681c7 ba3997ed bb481eae bbce7ebc bc115ff7 be1916d0 be269669
bf566e75 bf7691b0 bfe8ef19 bff98559 c00ae67f c043d5ac c04fa1a7 c0c4a829 c169a778 c2a646a8
c322c72b c35e6e3e c3bec106 c53326fe c6206312 c6216cdc c6de5422 c75139ef c7d54676 c89ac06d
c8ca945a c96109cb c9f305be cab48752 cdab367b ce37f6dd ce88df73 ce9e1a58 cf26c412 cfabf737
d0f2a00d d1b17387 d1ba6089 d1dbc6ee d256b32a d2815f2f d2ce593b d32ea6d3 d35f25c8 d3ce382f
d4d6c683 d4d88391 d6a880b1 d751ccb6 d7d12a2a d7db360f d7ec8003 d7fc0d0a d827a7d8 d8607b21
d910b2b1 da79a2b1 da8ca06c dabfee30 dad607a2 dae976f1 db45946a dbbfe08a dbe5ad05 ddf1bf45
dec1764c df33b111 df53d0b6 df9a4212 e1bcb583 e216ec50 e2d22d3d e321cfa9 e4537e78 e4ae1ced
e4fc936b e50ac10d e5384c90 e5a7b8a9 e5aeb5b3 e5f8ad0f e66a97b2 e66f25e1 e81c758e e856511a
e9b8ad12 ea00f5a9 ead9464a eb96fc6c ec031f17 ec486143 ed4b8e0d ed8c31b0 edd36ed8 ee927e82
eeb14234 ef6634ef f0a75e03 f0c9f135 f113626a f20eb459 f26f4c2c f35ab345 f43169e3 f487cc82
f534b43b f67e72b7 f6863b83 f6b16c88 f6cb37eb f73e3795 f7eaaf42 f81ca7ee f8e74d40 f93ec5e6
f9ac03b0 f9ea1a11 fa73f245 fa751ff3 fadeb0ab fc345dac fc5452f6 fc9269fb fd8065bc fdda64c4
fec226e4 feffce59 ff3e512b ff599c73
"""


def read(contents):
    """Return the images and their labels, two tuples in the order of the images' names."""
    [members] = contents
    images = {}
    labels = {}
    for path in sorted(members):  # an image comes before its masks
        image, kind, _ = path.split("/")
        with _opened(members[path]) as picture:
            if kind == "images":
                grey = np.array(picture.getchannel(0))  # red, green and blue are equal
                images[image] = grey[:, :, None]  # (height, width, 1)
                labels[image] = np.zeros(grey.shape, np.uint16)
            else:
                _add(picture, labels[image])
    return tuple(images.values()), tuple(labels.values())


def _opened(content):
    from PIL import Image

    return Image.open(io.BytesIO(content), formats=("PNG",))


def _add(mask, labels):
    """Write the next number into labels, uint16 (height, width), where a mask is not 0."""
    left, top, right, bottom = mask.getbbox()  # much faster than the whole
    part = labels[top:bottom, left:right]
    part[np.asarray(mask.crop((left, top, right, bottom))) > 0] = labels.max() + 1


DATASET = Dataset(
    name="nuclei",
    title="cell nuclei, masks",
    source="Juan C. Caicedo et al.: the Data Science Bowl 2018, BBBC038v1 of the Broad Bioimage "
    "Benchmark Collection; 434 of its images",
    license="CC0-1.0",
    read=read,
    files=(
        DataFile(
            path="nuclei/stage1_train.zip",
            urls=(
                "https://data.broadinstitute.org/bbbc/BBBC038/stage1_train.zip",
                "https://github.com/IBM/analog-nas/archive/df4f670b.zip",  # keeps a copy
            ),
            download_bytes=82_900_000,  # about
            content_bytes=21_229_493,
            content_sha256="635da73f606381867d62366c78c81df018a347a0cc9e15704251888380afced9",
            members=("*/images/*.png", "*/masks/*.png"),
            beginnings=tuple(CHOSEN.split()),
        ),
    ),
    stand_in="blobs",
)
