"""First names for tests of strings: some begin alike, some end alike, some begin others."""

_TEXT = """
mia emma emily emilia anna ann ana anne annabel annie amelia amy ava olivia oliver olive liam noah
luca lucas luke lucy lucia sofia sophia sophie ella ellie ellen elena eleanor elizabeth eliza elise
isla isabel isabella bella grace gracie harper henry harry harriet jack jackson james jamie jane
janet jan janine jonah john johanna joanna joan jo joe joel joseph josephine josie julia julian
juliet julie june jude judith kate katherine katie kathleen katrina karen karl carl carla carlos
carmen caroline carol clara claire clarissa clement clementine daniel daniela daniella dan dana
david davina dave dora dorothy dorian edward edwin edith edgar ed eva eve evan evelyn evelina fay
faye felix felicity fiona finn finley finlay flora florence frances francis frank franklin fred
frederick freya gabriel gabriella gemma george georgia georgina gina hannah hanna hana heidi helen
helena hazel ida ian iris irene isaac ivan ivy jasmine jason jasper jill kevin kim kimberly kyle
laura lauren laurence lara lena leo leon leonard leonie lily lilian lillian lilla linda lina louis
louisa louise lydia lyn lynn lynne maria marianne mariana marie marina marion mark martha martin
martina mary mathilda matilda matthew max maxine may maya megan melanie melissa michael michelle
molly monica nadia naomi natalie natasha nathan nathaniel nell nicholas nicola nina nora norah oscar
otto owen pamela patricia patrick paul paula pauline peter philip philippa phoebe polly rachel
rebecca reuben rhea rohan rehan richard robert robin rosa rosalind rose rosie ruby ruth sam samuel
samantha sara sarah saul sean simon simone stella stephen stephanie susan susannah susanna sylvia
theo theodore theodora thea teresa thomas tom tim timothy tina toby ursula valerie vera victor
victoria viola violet vivian wanda wendy will william willa xavier yara yasmin yvonne zachary zara
zoe zora
"""
NAMES = _TEXT.split()
