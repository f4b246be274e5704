import pytest

from fingerprint.features.scripts import are_known, script_of


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("A plain answer.", "Latin"),
        ("Voilà \u2014 une réponse \u201cfrançaise\u201d.", "Latin"),
        ("Это ответ на ваш вопрос.", "Cyrillic"),
        ("한국어로 쓴 대답입니다.", "Hangul"),
        ("これは日本語の回答です。", "Japanese"),
        ("日本国憲法第九条について説明します。", "Japanese"),
        ("这是一个中文回答。", "Han"),
        # A Chinese answer that quotes a Japanese word.
        ("这是一个很长的中文回答，其中引用了一个日语单词" * 3 + "の", "Han"),
        ("هذا جواب", "Arabic"),
        # What most letters are counts, not what comes first.
        ("OK! Вот подробный ответ на русском языке.", "Cyrillic"),
        ("print('привет') # a program with one greeting in it", "Latin"),
        ("42 + 1 = 43 \u2705", ""),
        ("", ""),
    ],
)
def test_script_of(text: str, script: str) -> None:
    assert script_of(text) == script


def test_only_the_beginning_of_a_text_is_read() -> None:
    assert script_of("а" * 1_000 + "b" * 5_000) == "Cyrillic"


def test_texts_without_letters_are_in_no_unknown_script() -> None:
    assert are_known(["Latin", "Hangul", ""], ["Latin"]) == [True, False, True]


def test_a_model_that_names_no_script_knows_all() -> None:
    assert are_known(["Latin", "Hangul", ""], []) == [True, True, True]
