"""French of the classes, the differential, its rules and settings, and of the reports."""

_CLASSES = {
    "Segmented neutrophil": "Neutrophile segmenté",
    "Band neutrophil": "Neutrophile non segmenté",
    "Lymphocyte": "Lymphocyte",
    "Variant lymphocyte": "Lymphocyte activé (variant)",
    "Monocyte": "Monocyte",
    "Eosinophil": "Éosinophile",
    "Basophil": "Basophile",
    "Metamyelocyte": "Métamyélocyte",
    "Myelocyte": "Myélocyte",
    "Promyelocyte": "Promyélocyte",
    "Blast": "Blaste",
    "Plasma cell": "Plasmocyte",
    "Erythroblast (NRBC)": "Érythroblaste",
    "Smudge cell": "Ombre de Gumprecht",
    "Platelet": "Plaquette",
    "Giant platelet": "Plaquette géante",
    "Platelet clump": "Amas plaquettaire",
    "Artefact": "Artéfact",
    "Unidentified": "Non identifiée",
    "Neutrophil": "Neutrophile",
    "Immature granulocyte": "Granuleux immature",
    "Other": "Autres",
    "Other, outside the count": "Autres, hors formule",
    "Neutrophils (total)": "Neutrophiles (total)",
    "Lymphocytes (total)": "Lymphocytes (total)",
    "Immature granulocytes (total)": "Granuleux immatures (total)",
    "Promyelocytes and myelocytes": "Promyélocytes et myélocytes",
    "White cell count": "Leucocytes",
    "All classes": "Toutes les classes",
    "Ten classes (study of 2021)": "Dix classes (étude de 2021)",
    "Eight classes (PBC)": "Huit classes (PBC)",
    "Five-part differential": "Formule à cinq classes",
}

_REMARKS = {
    "Positive smear: {name} {n_value} {unit} (rule {comparison} {n_threshold})": (
        "Frottis positif : {name} {n_value} {unit} (règle {comparison} {n_threshold})"
    ),
    "Version {version} amends a signed report: {reason}": (
        "La version {version} rectifie un compte rendu signé : {reason}"
    ),
    "Version {version} amends a signed report.": "La version {version} rectifie un compte rendu signé.",
    "Review trigger: {name} {n_value} {unit} (rule {comparison} {n_threshold})": (
        "Critère de relecture : {name} {n_value} {unit} (règle {comparison} {n_threshold})"
    ),
    "Positive smear: {name} {n_value} (rule {comparison} {n_threshold})": (
        "Frottis positif : {name} {n_value} (règle {comparison} {n_threshold})"
    ),
    "Review trigger: {name} {n_value} (rule {comparison} {n_threshold})": (
        "Critère de relecture : {name} {n_value} (règle {comparison} {n_threshold})"
    ),
    "cells": "cellules",
    "per 100 WBC": "pour 100 GB",
    "Cut by the right or bottom edge of an image and therefore not counted: {count} (counting frame).": (
        "Coupées par le bord droit ou inférieur d’une image, donc non comptées : {count} (cadre de comptage)."
    ),
    "Among the cells that an edge cuts and that are not counted, proposed: {names}. Look at them.": (
        "Parmi les cellules coupées par un bord et non comptées, proposées : {names}. À regarder."
    ),
    "{names}: {n_shown} shown, {n_counted} counted in {n_area} mm² beside {n_leukocytes} leukocytes; the "
    "number per 100 leukocytes is of this area.": (
        "{names} : {n_shown} affichées, {n_counted} comptées sur {n_area} mm² à côté de {n_leukocytes} "
        "leucocytes ; le nombre pour 100 leucocytes porte sur cette surface."
    ),
    "{names}: not counted on the same area as leukocytes, so no number per 100 leukocytes.": (
        "{names} : pas comptées sur la même surface que les leucocytes, donc sans nombre pour 100 leucocytes."
    ),
    "{counted} in {area} mm²": "{counted} sur {area} mm²",
    "{shown} shown, {counted} counted in {area} mm²": "{shown} affichées, {counted} comptées sur {area} mm²",
    "Unidentified cells, not in the table: {count}. The result is preliminary.": (
        "Cellules non identifiées, hors du tableau : {count}. Le résultat est provisoire."
    ),
    "White cell count corrected for {n_nrbc} NRBC per 100 WBC: {n_wbc} to {n_used} 10⁹/L.": (
        "Leucocytes corrigés pour {n_nrbc} érythroblastes pour 100 GB : de {n_wbc} à {n_used} 10⁹/L."
    ),
    "{n_nrbc} NRBC per 100 WBC; the analyser has corrected the white cell count already.": (
        "{n_nrbc} érythroblastes pour 100 GB ; l'automate a déjà corrigé le nombre de leucocytes."
    ),
    "{n_nrbc} NRBC per 100 WBC, but it is unknown whether the analyser corrected the white cell count: "
    "nothing is corrected, absolute counts may be too high.": (
        "{n_nrbc} érythroblastes pour 100 GB, mais on ignore si l'automate a corrigé le nombre de "
        "leucocytes : rien n'est corrigé, les valeurs absolues peuvent être trop élevées."
    ),
    "Left shift: {n_bands} % bands, counted with the segmented forms ({n_both} % neutrophils in all).": (
        "Déviation à gauche : {n_bands} % de formes non segmentées, comptées avec les segmentées "
        "({n_both} % de neutrophiles en tout)."
    ),
    "Immature granulocytes in all: {n_share} % ({n_low} to {n_high}), blasts not among them.": (
        "Granuleux immatures en tout : {n_share} % ({n_low} à {n_high}), blastes non compris."
    ),
    "Other holds {names}.": "« Autres » comprend : {names}.",
    "Other, outside the count, holds {names}.": "« Autres, hors formule » comprend : {names}.",
    "Leukocytes counted: {count}; the target is {target}.": (
        "Leucocytes comptés : {count} ; l'objectif est {target}."
    ),
    "Count on to {target} cells: the limits of {names} contain a decision threshold.": (
        "Poursuivre jusqu'à {target} cellules : l'intervalle comprend un seuil de décision pour {names}."
    ),
    "Limits are exact 95 % limits of sampling error only; they do not cover misclassification or the choice "
    "of the area.": (
        "Les limites sont des limites exactes à 95 % de la seule erreur d'échantillonnage ; elles ne "
        "couvrent ni les erreurs de classement ni le choix de la zone."
    ),
    "Platelets, estimated: {n_value} 10⁹/L, from {n_fields} per area of an oil field, counted by the "
    "program, times {n_factor}.": (
        "Plaquettes, estimation : {n_value} 10⁹/L, d'après {n_fields} par surface d'un champ à immersion, "
        "comptées par le programme, fois {n_factor}."
    ),
    "Platelets, estimated: {n_value} 10⁹/L, from {n_fields} per oil field times {n_factor}.": (
        "Plaquettes, estimation : {n_value} 10⁹/L, d'après {n_fields} par champ (immersion) fois {n_factor}."
    ),
    "Platelets, estimated: {n_value} 10⁹/L, from {n_platelets} beside {n_red} red cells and a red cell "
    "count of {n_rbc} 10¹²/L.": (
        "Plaquettes, estimation : {n_value} 10⁹/L, d'après {n_platelets} pour {n_red} hématies et "
        "{n_rbc} 10¹²/L hématies."
    ),
}

_MORPHOLOGY = {
    "red cells": "hématies",
    "white cells": "leucocytes",
    "platelets": "plaquettes",
    "present": "présence",
    "Anisocytosis": "Anisocytose",
    "Macrocytosis": "Macrocytose",
    "Microcytosis": "Microcytose",
    "Hypochromia": "Hypochromie",
    "Polychromasia": "Polychromatophilie",
    "Acanthocytes": "Acanthocytes",
    "Echinocytes": "Échinocytes",
    "Elliptocytes": "Elliptocytes",
    "Ovalocytes": "Ovalocytes",
    "Spherocytes": "Sphérocytes",
    "Stomatocytes": "Stomatocytes",
    "Target cells": "Cellules cibles",
    "Teardrop cells": "Dacryocytes",
    "Basophilic stippling": "Ponctuations basophiles",
    "Sickle cells": "Drépanocytes",
    "Bite cells": "Hématies mordues",
    "Blister cells": "Hématies à bulle (blister)",
    "Irregularly contracted cells": "Hématies contractées irrégulières",
    "Schistocytes": "Schizocytes",
    "Howell-Jolly bodies": "Corps de Howell-Jolly",
    "Pappenheimer bodies": "Corps de Pappenheimer",
    "Rouleaux": "Rouleaux",
    "Agglutination": "Agglutination",
    "Döhle bodies": "Corps de Döhle",
    "Toxic granulation": "Granulations toxiques",
    "Toxic vacuolation": "Vacuoles toxiques",
    "Hypogranular neutrophils": "Neutrophiles hypogranuleux",
    "Hypersegmented neutrophils": "Neutrophiles hypersegmentés",
    "Auer rods": "Corps d'Auer",
    "Giant platelets": "Plaquettes géantes",
    "Platelet clumps": "Amas plaquettaires",
}

_REPORT = {
    "For Research Use Only. Not for use in diagnostic procedures.": (
        "Réservé à la recherche. Ne pas utiliser à des fins diagnostiques."
    ),
    "SYNTHETIC": "SYNTHÉTIQUE",
    "INCOMPLETE": "INCOMPLET",
    "PRELIMINARY": "PROVISOIRE",
    "NOT SIGNED": "NON SIGNÉ",
    "A generated specimen: no patient, no blood.": "Échantillon généré : ni patient, ni sang.",
    "Cells that still wait as Unidentified: {count}.": "Cellules encore non identifiées : {count}.",
    "The analysis was stopped or failed before its end; what was found until then is shown.": (
        "L'analyse a été interrompue ou a échoué avant la fin ; ce qui avait été trouvé est présenté."
    ),
    "{reviewed} of {cells} cells were reviewed by a person.": (
        "{reviewed} cellules sur {cells} ont été relues par une personne."
    ),
    "Blood smear differential": "Formule leucocytaire",
    "Printed {time}": "Imprimé le {time}",
    "Version {version}": "Version {version}",
    "Logo of the laboratory": "Logo du laboratoire",
    "(left out: anonymised)": "(omis : anonymisé)",
    "Comments in free text are left out, for they may name people.": (
        "Les commentaires en texte libre sont omis, car ils peuvent nommer des personnes."
    ),
    "Specimen": "Échantillon",
    "Material": "Matériel",
    "{count} images, {kind}": "{count} images, {kind}",
    "1 image, {kind}": "1 image, {kind}",
    "crops": "vignettes",
    "fields": "champs",
    "slide": "lame",
    "counter": "comptage manuel",
    "Differential count": "Formule leucocytaire",
    "{count} leukocytes counted": "{count} leucocytes comptés",
    "Class": "Classe",
    "Count": "Nombre",
    "95 % limits": "Limites à 95 %",
    "Reference": "Référence",
    "All leukocytes": "Ensemble des leucocytes",
    "Outside the 100 %": "Hors des 100 %",
    "/100 WBC": "/100 GB",
    "White cell count {wbc} 10⁹/L": "Leucocytes {wbc} 10⁹/L",
    ", corrected for NRBC {used} 10⁹/L": ", corrigés des érythroblastes {used} 10⁹/L",
    "(reference {range})": "(référence {range})",
    "Unidentified: {unidentified}.  Taken out by a person: {excluded}.": (
        "Non identifiées : {unidentified}.  Écartées par une personne : {excluded}."
    ),
    "Green bands: reference range.": "Bandes vertes : intervalle de référence.",
    "Flags and remarks": "Alertes et remarques",
    "rule {rule}": "règle {rule}",
    "Morphology": "Morphologie",
    "Second reading by {reader}: {cells} cells, {agreed} agreed, {adjudicated} adjudicated, {open} open": (
        "Seconde lecture en aveugle par {reader} : {cells} cellules, {agreed} concordantes, {adjudicated} "
        "arbitrées, {open} ouvertes"
    ),
    "Explanation given for signing: {text}": "Explication donnée à la signature : {text}",
    "Comments": "Commentaires",
    "cells {cells}": "cellules {cells}",
    "Review and signatures": "Relecture et signatures",
    "{count} cells": "{count} cellules",
    "{count} confirmed": "{count} confirmées",
    "{count} relabelled": "{count} reclassées",
    "{count} taken out": "{count} écartées",
    "{count} proposals not looked at": "{count} propositions non relues",
    "{count} unidentified": "{count} non identifiées",
    "{count} counted by hand": "{count} comptées à la main",
    "{name}: {confirmed} confirmed, {relabelled} relabelled, {excluded} taken out, {first} to {last}": (
        "{name} : {confirmed} confirmées, {relabelled} reclassées, {excluded} écartées, du {first} au {last}"
    ),
    "Changed: {changes}": "Changements : {changes}",
    "taken out": "écartée",
    "Name and signature": "Nom et signature",
    "Date": "Date",
    "Report sha256 {sha}": "Sha256 du rapport {sha}",
    "Cells": "Cellules",
    "most doubtful first": "les plus douteuses d'abord",
    "doubtful to the model, with its probability": "douteuse pour le modèle, avec sa probabilité",
    "confirmed by a person": "confirmée par une personne",
    "relabelled by a person": "reclassée par une personne",
    "{shown} of {total} shown": "{shown} sur {total}",
    "Cell {cell}: {name}, probability {percent} %": "Cellule {cell} : {name}, probabilité {percent} %",
    "no picture": "sans image",
    "What the classifier looked at (Grad-CAM)": "Ce que le classifieur a regardé (Grad-CAM)",
    "Warm colours mark what spoke for the proposed class; they explain the model, not the cell.": (
        "Les couleurs chaudes marquent ce qui plaide pour la classe proposée ; elles expliquent le modèle, "
        "pas la cellule."
    ),
    "Grad-CAM of cell {cell} for {name}": "Grad-CAM de la cellule {cell} pour {name}",
    "Provenance": "Provenance",
    "Program": "Programme",
    "Images": "Images",
    "{count} images, sha256 of names and contents {sha}": (
        "{count} images, sha256 des noms et des contenus {sha}"
    ),
    "Settings": "Réglages",
    "This report": "Ce rapport",
    "Audit chain when signed": "Chaîne d'audit à la signature",
    "Audit chain when written": "Chaîne d'audit à l'impression",
    "{entries} entries, {events} decisions, sha256 {sha}": (
        "{entries} entrées, {events} décisions, sha256 {sha}"
    ),
    "Skipped": "Écartés",
    "Files left out: {count}": "Fichiers écartés : {count}",
    "and {count} more, all in skipped.csv": "et {count} autres, tous dans skipped.csv",
    "Analysis {number}": "Analyse {number}",
    "running": "en cours",
    "complete": "complète",
    "cancelled": "interrompue",
    "failed": "échouée",
    "Model, {task}": "Modèle, {task}",
    "classify": "classement",
    "segment": "segmentation",
    "detect": "détection",
    "Profile": "Profil",
    "Scale": "Échelle",
    "unknown": "inconnu",
    "{mpp} µm per pixel, from {source}": "{mpp} µm par pixel, d'après {source}",
    "person": "une personne",
    "metadata": "les métadonnées",
    "cell size prior": "la taille attendue des cellules",
    "Computed by": "Calculé par",
    "Parameters": "Paramètres",
    "Also counted": "Également comptés",
    "Notice": "Avis",
    "Whole specimen": "Prélèvement entier",
    "Size, shape, density and texture of the cells count for their kind ({cells} cells)": (
        "Taille, forme, densité et texture des cellules comptent pour leur type ({cells} cellules)"
    ),
    "Cells that look alike support each other's kind ({cells} cells)": (
        "Les cellules qui se ressemblent s'appuient mutuellement ({cells} cellules)"
    ),
    "How often each kind occurs in this specimen is taken into account ({cells} nucleated cells): "
    "{weights}": (
        "La fréquence de chaque type dans ce prélèvement est prise en compte ({cells} cellules nucléées) : "
        "{weights}"
    ),
    "How often each kind occurs in this specimen is taken into account ({cells} nucleated cells); it "
    "changes no kind's weight by 5 % or more": (
        "La fréquence de chaque type dans ce prélèvement est prise en compte ({cells} cellules nucléées) ; "
        "elle ne modifie le poids d'aucun type de 5 % ou plus"
    ),
    "Page {page} / {pages}": "Page {page} / {pages}",
    "Limits state sampling error only.": "Limites : erreur d'échantillonnage seule.",
    "“{name}” could not be written.": "« {name} » n'a pas pu être écrit.",
    "The system says: {reason}.": "Le système dit : {reason}.",
    "Choose another folder or free some space, then export again; nothing is lost.": (
        "Choisissez un autre dossier ou libérez de l'espace, puis exportez de nouveau ; rien n'est perdu."
    ),
}

_EVALUATION = {
    "Taken out": "Écartée",
    "Agreement with the analyser": "Concordance avec l'automate",
    "difference: smear minus analyser": "différence : frottis moins automate",
    "Smear %": "Frottis %",
    "Analyser %": "Automate %",
    "Difference": "Différence",
    "{low} to {high}": "{low} à {high}",
    "agrees": "concorde",
    "differs": "diffère",
    "“agrees”: the analyser's share lies within the exact limits of the smear's count (Rümke).": (
        "« concorde » : la part de l'automate est dans les limites exactes du comptage au frottis (Rümke)."
    ),
    "Line {line} of the analyser's file cannot be understood: {text}": (
        "La ligne {line} du fichier de l'automate ne peut pas être comprise : {text}"
    ),
    "Only {n} of {total} images count. Left out, because the folder's name is no known class: {folders}": (
        "Seules {n} images sur {total} comptent. Laissées de côté, car le nom du dossier n'est pas une classe"
        " connue : {folders}"
    ),
    "The analyser's file is too large ({size} MB).": "Le fichier de l'automate est trop grand ({size} Mo).",
    "A differential takes a few hundred bytes.": "Une formule tient en quelques centaines d'octets.",
    "Choose the file of one differential.": "Choisissez le fichier d'une seule formule.",
    "The analyser's percentages sum to {sum} %.": "Les pourcentages de l'automate font {sum} % au total.",
    "Those of the leukocytes must sum to {low} to {high} %. A line is wrong or missing,"
    " or the figures are absolute counts.": (
        "Ceux des leucocytes doivent faire {low} à {high} % au total. Une ligne est fausse ou manque, ou les"
        " chiffres sont des valeurs absolues."
    ),
    "The analyser's percentages sum to {n_sum} %: at least one of them is wrong.": (
        "Les pourcentages de l'automate font {n_sum} % au total : l'un d'eux au moins est faux."
    ),
    "Each line holds a known class (code, name or group) once, and its percentage.": (
        "Chaque ligne contient une seule fois une classe connue (code, nom ou groupe) et son pourcentage."
    ),
    "Correct the file, or enter the differential by hand.": (
        "Corrigez le fichier, ou saisissez la formule à la main."
    ),
    "Evaluation of the models": "Évaluation des modèles",
    "{count} labelled cells": "{count} cellules étiquetées",
    "mean recall of the classes": "rappel moyen des classes",
    "{share} % of the cells": "{share} % des cellules",
    "expected (ECE)": "attendue (ECE)",
    "Accuracy": "Exactitude",
    "Balanced accuracy": "Exactitude équilibrée",
    "{n} cells, roll-up {rollup}: accuracy {accuracy} % ({low} to {high}), balanced {balanced} %, "
    "ECE {ece} %": (
        "{n} cellules, regroupement {rollup} : exactitude {accuracy} % ({low} à {high}), "
        "équilibrée {balanced} %, ECE {ece} %"
    ),
    "{n} unidentified; accuracy of the others {accuracy} %": (
        "{n} non identifiées ; exactitude des autres {accuracy} %"
    ),
    "Without abstentions": "Sans les abstentions",
    "Calibration error": "Erreur de calibration",
    "By class": "Par classe",
    "exact 95 % limits, sampling error only": "limites exactes à 95 %, erreur d'échantillonnage seule",
    "Recall %": "Rappel %",
    "Precision %": "Précision %",
    "F1 %": "F1 %",
    "Confusions": "Confusions",
    "rows: label, columns: model; shaded by share of the row": (
        "lignes : étiquette, colonnes : modèle ; teinte selon la part de la ligne"
    ),
    "Calibration and abstention": "Calibration et abstention",
    "confidence": "confiance",
    "accuracy": "exactitude",
    "share of cells kept, surest first": "part des cellules gardées, les plus sûres d'abord",
    "share of errors among them": "part d'erreurs parmi elles",
    "the model's threshold": "seuil du modèle",
    "Data and models": "Données et modèles",
    "There is nothing to evaluate.": "Il n'y a rien à évaluer.",
    "No crop with a label could be read.": "Aucune vignette étiquetée n'a pu être lue.",
    "Put crops into sub-folders named by class; skipped.csv names what was left out.": (
        "Placez les vignettes dans des sous-dossiers nommés par classe ; skipped.csv liste ce qui a été "
        "écarté."
    ),
}

FRENCH: dict[str, str] = {**_EVALUATION, **_CLASSES, **_REMARKS, **_MORPHOLOGY, **_REPORT}
